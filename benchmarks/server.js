"use strict";

// The Socket.IO process behind every path: socket.io as it comes, sending back what it gets. No site, no login, no web:
// what is measured is the way to it.

const { createServer } = require("node:http");
const { Server } = require("socket.io");

const http = createServer();
const io = new Server(http);
io.on("connection", (socket) => socket.on("echo", (text) => socket.emit("echo", text)));
http.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
