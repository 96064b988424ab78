import { call } from "./api.js";
import { connect, isWay } from "./connection.js";

const CHANNEL = "Raven Channel";
const TYPING_MS = 3000;
const WORDS = { connecting: "Connecting", connected: "Live", down: "Offline" };

const $ = (id) => document.getElementById(id);
const { namespace } = document.body.dataset;

const page = { me: null, channels: [], current: null, shown: new Set(), connection: null, typingTimer: null };

// --- signing in and out

async function start() {
  page.me = await call("raven.api.raven_users.get_current_raven_user");
  $("sign-in").hidden = true;
  $("chat").hidden = false;
  $("me-name").textContent = page.me.full_name;
  dress($("me-face"), page.me.full_name);
  page.channels = await call("raven.api.raven_channel.get_channels");
  drawChannels();
  const wanted = new URLSearchParams(location.search).get("channel");
  await open(page.channels.some(({ name }) => name === wanted) ? wanted : page.channels[0].name);
  describeWire();
  reconnect(new URLSearchParams(location.search).get("connect"));
}

$("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("sign-in-error").textContent = "";
  try {
    await call("login", Object.fromEntries(new FormData(event.target)));
  } catch (error) {
    $("sign-in-error").textContent = error.message;
    return;
  }
  await start();
});

$("sign-out").addEventListener("click", async () => {
  await call("logout");
  location.reload();
});

// --- channels

function drawChannels() {
  $("channels").replaceChildren(
    ...page.channels.map((channel) => {
      const button = element("button", { type: "button", textContent: channel.name });
      button.dataset.channel = channel.name;
      button.dataset.private = channel.is_private;
      button.addEventListener("click", () => open(channel.name));
      const item = element("li");
      item.append(button);
      return item;
    }),
  );
}

async function open(name) {
  leave(page.current);
  page.current = name;
  const { description } = page.channels.find((channel) => channel.name === name);
  $("channel-name").textContent = name;
  $("channel-description").textContent = description;
  $("text").placeholder = `Write to #${name}`;
  $("typing").textContent = "";
  delete $("connection").dataset.joined;
  for (const button of $("channels").querySelectorAll("button")) {
    const here = button.dataset.channel === name;
    button.setAttribute("aria-current", here);
    if (here) delete button.dataset.unread;
  }
  page.shown.clear();
  $("messages").replaceChildren();
  join(name);
  await refresh();
}

// --- messages

async function refresh() {
  const channel = page.current;
  const messages = await call("raven.api.chat_stream.get_messages", { channel_id: channel });
  if (channel === page.current) messages.forEach(show);
}

function show({ name, owner, full_name, text, creation }) {
  if (page.shown.has(name)) return;
  page.shown.add(name);
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;

  const author = full_name || owner;
  const face = element("span", { className: "face", ariaHidden: "true" });
  dress(face, author);
  const when = new Date(creation || Date.now());
  const time = element("time", { dateTime: when.toISOString(), textContent: clock(when) });
  const head = element("header");
  head.append(element("strong", { textContent: author }), time);
  const body = element("div", { className: "body" });
  body.append(head, element("p", { textContent: text }));
  const item = element("li", { className: owner === page.me.user ? "mine" : "" });
  item.dataset.message = name;
  item.append(face, body);
  list.append(item);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

$("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  tellTyping(false);
  try {
    show(await call("raven.api.raven_message.send_message", { channel_id: page.current, text }));
  } catch (error) {
    $("text").value = text;
    $("text").setCustomValidity(error.message);
    $("text").reportValidity();
  }
});

$("text").addEventListener("input", () => {
  $("text").setCustomValidity("");
  tellTyping(true);
});

function tellTyping(typing) {
  const socket = page.connection?.socket;
  if (!socket?.connected) return;
  if (typing && !page.typingTimer) socket.emit("raven_channel_typing", page.current);
  clearTimeout(page.typingTimer);
  if (typing) {
    page.typingTimer = setTimeout(() => tellTyping(false), TYPING_MS);
  } else if (page.typingTimer) {
    page.typingTimer = null;
    socket.emit("raven_channel_typing_stopped", page.current);
  }
}

// --- the socket

function join(channel) {
  const socket = page.connection?.socket;
  if (!socket?.connected || !channel) return;
  socket.emit("doc_subscribe", CHANNEL, channel);
  socket.emit("doc_open", CHANNEL, channel);
  socket.emit("raven_channel_get_typers", channel);
}

function leave(channel) {
  const socket = page.connection?.socket;
  if (!socket?.connected || !channel) return;
  tellTyping(false);
  socket.emit("doc_unsubscribe", CHANNEL, channel);
  socket.emit("doc_close", CHANNEL, channel);
}

const events = {
  connect() {
    join(page.current);
    refresh(); // what came while the connection was down
  },
  message_created({ channel_id, sender, message_id, message_details }) {
    if (channel_id !== page.current) return;
    show({ name: message_id, owner: sender, ...message_details });
  },
  "raven:unread_channel_count_updated"({ channel_id }) {
    if (channel_id === page.current) return;
    const button = $("channels").querySelector(`[data-channel="${CSS.escape(channel_id)}"]`);
    if (button) button.dataset.unread = "true";
  },
  raven_channel_typers({ channel, users }) {
    if (channel !== page.current) return;
    $("connection").dataset.joined = channel; // answered, so the rooms are joined
    const others = users.filter((user) => user !== page.me.user);
    $("typing").textContent = others.length ? `${others.join(", ")} ${others.length > 1 ? "are" : "is"} typing …` : "";
  },
};

function reconnect(wanted) {
  const way = isWay(wanted) ? wanted : "polling";
  page.connection?.close();
  for (const button of $("ways").querySelectorAll("button")) {
    button.setAttribute("aria-checked", button.dataset.way === way);
  }
  page.connection = connect(namespace, way, showConnection, events);
}

$("ways").addEventListener("click", ({ target }) => {
  const way = target.closest("button")?.dataset.way;
  if (!way) return;
  const address = new URL(location.href);
  address.searchParams.set("connect", way);
  history.replaceState(null, "", address);
  reconnect(way);
});

function showConnection({ state, transport, upgraded, reason }) {
  const pill = $("connection");
  pill.dataset.state = state;
  pill.dataset.transport = transport;
  pill.dataset.upgraded = upgraded;
  if (state !== "connected") delete pill.dataset.joined;
  pill.textContent = state === "connected" ? `${WORDS[state]} · ${transport}` : WORDS[state];
  $("wire-state").textContent = state === "down" ? `down: ${reason}` : state;
  $("wire-transport").textContent = upgraded ? `polling → ${transport}` : transport || "–";
  $("banner").hidden = state !== "down";
  $("banner-reason").textContent = reason && `Reason: ${reason}`;
}

function describeWire() {
  $("wire-origin").textContent = location.origin;
  $("wire-namespace").textContent = `/${namespace}`;
  if (!location.port) return;
  // Symptom RT017: frappe-react-sdk appends its socket port where the page's own URL has one.
  $("wire-note").hidden = false;
  $("wire-note").textContent =
    `This page was opened on port ${location.port} and connects to that same origin. Stock Raven would leave the proxy ` +
    "here and try its own socket port: publish it on 443.";
}

// --- small things

function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

// A face: initials, on a hue that follows from the name.
function dress(face, name) {
  face.textContent = name.split(/[\s@.]+/, 2).map((part) => part[0]).join("").toUpperCase();
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  face.style.setProperty("--hue", hue);
}

function clock(when) {
  return when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

if (document.body.dataset.signedIn === "true") {
  start();
} else {
  $("sign-in").hidden = false;
  $("pwd").focus();
}
