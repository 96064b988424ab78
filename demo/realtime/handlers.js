"use strict";

// What a connected client may ask for: rooms (Frappe's names) and who is typing (Raven's).

const PERMISSION = "/api/method/frappe.realtime.has_permission";

const room = {
  user: (user) => `user:${user}`,
  doctype: (doctype) => `doctype:${doctype}`,
  doc: (doctype, name) => `doc:${doctype}/${name}`,
  openDoc: (doctype, name) => `open_doc:${doctype}/${name}`,
  task: (id) => `task_progress:${id}`,
  typing: (channel) => `raven_channel_typing:${channel}`,
};

// The second callback: without an answer that says yes the room is never joined, and the client is not told (as in Frappe).
async function whenPermitted(socket, doctype, name, action) {
  try {
    if (await socket.ask(PERMISSION, { doctype, name: name || "" })) action();
  } catch (error) {
    console.warn(`permission for ${doctype} ${name || ""} not asked: ${error}`);
  }
}

function usersIn(socket, name) {
  const members = socket.nsp.adapter.rooms.get(name) || new Set();
  return [...new Set([...members].map((id) => socket.nsp.sockets.get(id)?.user).filter(Boolean))];
}

function frappe(socket) {
  socket.join([room.user(socket.user), "website"]);
  if (socket.userType === "System User") socket.join("all");

  socket.on("doctype_subscribe", (doctype) =>
    whenPermitted(socket, doctype, "", () => socket.join(room.doctype(doctype))),
  );
  socket.on("doctype_unsubscribe", (doctype) => socket.leave(room.doctype(doctype)));

  socket.on("task_subscribe", (id) => socket.join(room.task(id)));
  socket.on("progress_subscribe", (id) => socket.join(room.task(id)));
  socket.on("task_unsubscribe", (id) => socket.leave(room.task(id)));

  socket.on("doc_subscribe", (doctype, name) =>
    whenPermitted(socket, doctype, name, () => socket.join(room.doc(doctype, name))),
  );
  socket.on("doc_unsubscribe", (doctype, name) => socket.leave(room.doc(doctype, name)));

  const opened = new Map();
  const tellViewers = (doctype, name) => {
    const viewed = room.openDoc(doctype, name);
    const users = usersIn(socket, viewed);
    if (users.length === 1 && users[0] === socket.user) return;
    socket.nsp.to(viewed).emit("doc_viewers", { doctype, docname: name, users });
  };
  socket.on("doc_open", (doctype, name) =>
    whenPermitted(socket, doctype, name, () => {
      socket.join(room.openDoc(doctype, name));
      opened.set(room.openDoc(doctype, name), [doctype, name]);
      tellViewers(doctype, name);
    }),
  );
  socket.on("doc_close", (doctype, name) => {
    socket.leave(room.openDoc(doctype, name));
    opened.delete(room.openDoc(doctype, name));
    tellViewers(doctype, name);
  });
  socket.on("disconnect", () => opened.forEach(([doctype, name]) => tellViewers(doctype, name)));

  socket.on("ping", () => socket.emit("pong"));
}

function raven(socket) {
  const CHANNEL = "Raven Channel";
  const tellTypers = (channel, to) =>
    socket.nsp.to(to).emit("raven_channel_typers", { channel, users: usersIn(socket, room.typing(channel)) });

  socket.on("raven_channel_get_typers", (channel) =>
    whenPermitted(socket, CHANNEL, channel, () => tellTypers(channel, room.user(socket.user))),
  );
  socket.on("raven_channel_typing", (channel) => {
    socket.join(room.typing(channel));
    tellTypers(channel, room.openDoc(CHANNEL, channel));
  });
  socket.on("raven_channel_typing_stopped", (channel) => {
    socket.leave(room.typing(channel));
    tellTypers(channel, room.openDoc(CHANNEL, channel));
  });
}

const OF_APP = { frappe, raven };

function handle(socket) {
  for (const app of socket.installedApps || []) OF_APP[app]?.(socket);
}

module.exports = { handle };
