// The page's one socket: to the page's own origin, on the site's namespace (Frappe 14: on none), in one of two ways.

const WAYS = {
  // WebSocket at once; polling is never tried, because the library falls back only with tryAllTransports.
  seed: { path: "/socket.io/", transports: ["websocket", "polling"], withCredentials: true },
  // What frappe-react-sdk, and so stock Raven, does: the library's default, polling and then an upgrade.
  polling: { withCredentials: true },
};

// The library gives up on a client that the server refused; the reason may be mended at any moment, so ask again.
const ASK_AGAIN_MS = 2000;

export function isWay(name) {
  return Object.hasOwn(WAYS, name);
}

/**
 * Connect, and keep at it.
 *
 * `shows` is called with `{state, transport, upgraded, reason}` at every change, where state is one of
 * "connecting", "connected" and "down"; `events` maps an event's name to its handler. Returns `{socket, close}`.
 */
export function connect(namespace, way, shows, events) {
  const socket = io(`${window.location.origin}/${namespace}`, { ...WAYS[way], forceNew: true, reconnectionDelayMax: 2000 });
  const seen = { state: "connecting", transport: "", upgraded: false, reason: "" };
  let again;
  const show = (change) => shows(Object.assign(seen, change));

  const watchTransport = () => {
    const engine = socket.io.engine;
    show({ transport: engine.transport.name, upgraded: false });
    engine.once("upgrade", (transport) => show({ transport: transport.name, upgraded: true }));
  };
  const down = (reason) => {
    show({ state: "down", transport: "", upgraded: false, reason });
    clearTimeout(again);
    if (!socket.active) again = setTimeout(() => socket.connect(), ASK_AGAIN_MS);
  };

  socket.io.on("open", watchTransport);
  socket.on("connect", () => show({ state: "connected", reason: "" }));
  socket.on("connect_error", (error) => down(error.message));
  socket.on("disconnect", (reason) => down(reason));
  for (const [name, handler] of Object.entries(events)) socket.on(name, handler);
  show({});

  return {
    socket,
    close() {
      clearTimeout(again);
      socket.off();
      socket.disconnect();
    },
  };
}
