"use strict";

// Many live Socket.IO clients in one process, by the library that browsers use. Run outside, as a program:
//   node clients.js URL COUNT TRANSPORTS CA   (TRANSPORTS: websocket, or polling,websocket)
// It prints a JSON line when all are connected, one for each line on standard input, and ends with standard input:
//   {"connected": …, "upgraded": …, "lost": how many times a connection was lost, "slowest": ms from a loss to being
//    connected again, "errors": what attempts to connect failed with, each once}

const path = require("node:path");
const fs = require("node:fs");
const readline = require("node:readline");

const packages = path.join(__dirname, "../../../demo/realtime/node_modules");
const { io } = require(path.join(packages, "socket.io-client"));

const [url, count, transports, ca] = process.argv.slice(2);
const AT_ONCE = 50;
const sockets = [];
const seen = { lost: 0, slowest: 0, errors: [] };

function open() {
  const socket = io(url, {
    transports: transports.split(","), forceNew: true, ca: fs.readFileSync(ca), perMessageDeflate: false,
  });
  let lostAt = null;
  socket.on("disconnect", () => { seen.lost += 1; lostAt = Date.now(); });
  socket.on("connect", () => {
    if (lostAt !== null) seen.slowest = Math.max(seen.slowest, Date.now() - lostAt);
    lostAt = null;
  });
  socket.on("connect_error", (error) => {
    const said = `${error.message}: ${error.description?.message || error.description || error.context?.status || ""}`;
    if (!seen.errors.includes(said)) seen.errors.push(said);
  });
  sockets.push(socket);
  return new Promise((resolve) => socket.once("connect", resolve));
}

const say = () => {
  const live = sockets.filter((socket) => socket.connected);
  const upgraded = live.filter((socket) => socket.io.engine?.transport.name === "websocket");
  console.log(JSON.stringify({ connected: live.length, upgraded: upgraded.length, ...seen }));
};

async function main() {
  for (let opened = 0; opened < count; opened += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, open));
  }
  const upgraded = () => sockets.every((socket) => socket.io.engine?.transport.name === "websocket");
  while (!upgraded()) await new Promise((resolve) => setTimeout(resolve, 50));
  say();
  readline.createInterface({ input: process.stdin }).on("line", say).on("close", () => process.exit(0));
}

main();
