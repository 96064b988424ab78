"use strict";

// What the conformance cases speak to: an Engine.IO echo, a Socket.IO application and a WebSocket echo, each the real
// library, at one path and port; the query's `suite` says which.

const { createServer } = require("node:http");
const { Server: EngineServer } = require("engine.io");
const { Server: SocketServer } = require("socket.io");
const { WebSocketServer } = require("ws");

const PATH = "/socket.io/";
const [port, pingInterval, pingTimeout, connectTimeout] = process.argv.slice(2).map(Number);
const suites = { engine: createServer(), socket: createServer(), frames: createServer() };

const engine = new EngineServer({ pingInterval, pingTimeout, maxHttpBufferSize: 100_000 });
engine.attach(suites.engine, { path: PATH });
engine.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));

const io = new SocketServer(suites.socket, { path: PATH, connectTimeout });
const answer = (socket) => {
  socket.emit("auth", socket.handshake.auth);
  socket.on("message", (...args) => socket.emit("message-back", ...args));
  socket.on("message-with-ack", (...args) => args.pop()(...args));
};
io.on("connection", answer);
io.of("/custom").on("connection", answer);
io.of(/^\/dynamic-\d+$/).on("connection", answer);
io.of("/closed").use((_socket, next) => next(Object.assign(new Error("not here"), { data: { code: 7 } })));

const frames = new WebSocketServer({ server: suites.frames, path: PATH, maxPayload: 17 << 20, perMessageDeflate: false });
frames.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("error", () => {});
});

const suiteOf = (request) => suites[new URL(request.url, "http://x").searchParams.get("suite")];
const server = createServer((request, response) => {
  const suite = suiteOf(request);
  if (suite?.listenerCount("request")) suite.emit("request", request, response);
  else response.end("up");
});
server.on("upgrade", (request, socket, head) => suiteOf(request)?.emit("upgrade", request, socket, head) ?? socket.end());
server.listen(port, "127.0.0.1", () => console.log("listening"));
