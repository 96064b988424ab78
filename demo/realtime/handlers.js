"use strict";

// What a connected client may ask for: rooms (Frappe's names) and who is typing (Raven's; in documents, that of 14).

const room = {
  user: (user) => `user:${user}`,
  doctype: (doctype) => `doctype:${doctype}`,
  doc: (doctype, name) => `doc:${doctype}/${name}`,
  openDoc: (doctype, name) => `open_doc:${doctype}/${name}`,
  docTyping: (doctype, name) => `typing:${doctype}/${name}`,
  task: (id) => `task_progress:${id}`,
  typing: (channel) => `raven_channel_typing:${channel}`,
};

// The second callback: without an answer that says yes the room is never joined, and the client is not told (as in Frappe).
async function whenPermitted(socket, doctype, name, action) {
  try {
    if (await socket.mayRead(doctype, name)) action();
  } catch (error) {
    console.warn(`permission for ${doctype} ${name || ""} not asked: ${error}`);
  }
}

// Where all sites share one namespace, the site's name goes before the room's.
function handlersOf(traits) {
  const of = (socket, name) => (traits.namespaces ? name : `${socket.site}:${name}`);
  const join = (socket, name) => socket.join(of(socket, name));
  const leave = (socket, name) => socket.leave(of(socket, name));
  const to = (socket, name) => socket.nsp.to(of(socket, name));

  const usersIn = (socket, name) => {
    const members = socket.nsp.adapter.rooms.get(of(socket, name)) || new Set();
    return [...new Set([...members].map((id) => socket.nsp.sockets.get(id)?.user).filter(Boolean))];
  };

  function frappe(socket) {
    for (const name of [room.user(socket.user), "website"]) join(socket, name);
    if (socket.userType === "System User") join(socket, "all");

    socket.on("doctype_subscribe", (doctype) =>
      whenPermitted(socket, doctype, "", () => join(socket, room.doctype(doctype))),
    );
    socket.on("doctype_unsubscribe", (doctype) => leave(socket, room.doctype(doctype)));

    socket.on("task_subscribe", (id) => join(socket, room.task(id)));
    socket.on("progress_subscribe", (id) => join(socket, room.task(id)));
    socket.on("task_unsubscribe", (id) => leave(socket, room.task(id)));

    socket.on("doc_subscribe", (doctype, name) =>
      whenPermitted(socket, doctype, name, () => join(socket, room.doc(doctype, name))),
    );
    socket.on("doc_unsubscribe", (doctype, name) => leave(socket, room.doc(doctype, name)));

    const opened = new Map();
    const tellViewers = (doctype, name) => {
      const users = usersIn(socket, room.openDoc(doctype, name));
      if (users.length === 1 && users[0] === socket.user) return;
      to(socket, room.openDoc(doctype, name)).emit("doc_viewers", { doctype, docname: name, users });
    };
    socket.on("doc_open", (doctype, name) =>
      whenPermitted(socket, doctype, name, () => {
        join(socket, room.openDoc(doctype, name));
        opened.set(room.openDoc(doctype, name), [doctype, name]);
        tellViewers(doctype, name);
      }),
    );
    socket.on("doc_close", (doctype, name) => {
      leave(socket, room.openDoc(doctype, name));
      opened.delete(room.openDoc(doctype, name));
      tellViewers(doctype, name);
    });
    socket.on("disconnect", () => opened.forEach(([doctype, name]) => tellViewers(doctype, name)));

    if (traits.handlers.includes("ping")) socket.on("ping", () => socket.emit("pong"));
    if (traits.handlers.includes("doc_typing")) docTyping(socket);
  }

  function docTyping(socket) {
    const tellTypers = (doctype, name) =>
      to(socket, room.openDoc(doctype, name)).emit("doc_typers", {
        doctype,
        docname: name,
        users: usersIn(socket, room.docTyping(doctype, name)),
      });
    socket.on("doc_typing", (doctype, name) => {
      join(socket, room.docTyping(doctype, name));
      tellTypers(doctype, name);
    });
    socket.on("doc_typing_stopped", (doctype, name) => {
      leave(socket, room.docTyping(doctype, name));
      tellTypers(doctype, name);
    });
  }

  function raven(socket) {
    const CHANNEL = "Raven Channel";
    const tellTypers = (channel, name) =>
      to(socket, name).emit("raven_channel_typers", { channel, users: usersIn(socket, room.typing(channel)) });

    socket.on("raven_channel_get_typers", (channel) =>
      whenPermitted(socket, CHANNEL, channel, () => tellTypers(channel, room.user(socket.user))),
    );
    socket.on("raven_channel_typing", (channel) => {
      join(socket, room.typing(channel));
      tellTypers(channel, room.openDoc(CHANNEL, channel));
    });
    socket.on("raven_channel_typing_stopped", (channel) => {
      leave(socket, room.typing(channel));
      tellTypers(channel, room.openDoc(CHANNEL, channel));
    });
  }

  const ofApp = { frappe, raven };

  return (socket) => {
    if (!traits.handlers.includes("apps")) return frappe(socket);
    // 16 trusts the answer, and a web that withholds it ends the process; the one that asks again does not.
    const apps = traits.callback.asks_again ? socket.installedApps || [] : socket.installedApps;
    apps.forEach((app) => ofApp[app]?.(socket));
  };
}

module.exports = { handlersOf };
