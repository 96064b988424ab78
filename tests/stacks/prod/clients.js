"use strict";

// Many live Socket.IO clients in one process, by the library that browsers use. Run outside, as a program:
//   node clients.js URL COUNT TRANSPORTS CA   (TRANSPORTS: websocket, or polling,websocket)
// It prints a JSON line when all are connected, and one for each line on standard input, which may be a number: so many
// more are opened first. It ends with standard input.
//   {"connected": …, "upgraded": …, "lost": how many times a connection was lost, "late": how many of those Socket.IO
//    itself closed, because the upgrade took longer than it waits, "slowest": ms from a loss to being connected again,
//    "errors": what attempts to connect failed with and why connections were lost twice, each once}

const path = require("node:path");
const fs = require("node:fs");
const https = require("node:https");
const readline = require("node:readline");

const packages = path.join(__dirname, "../../../demo/realtime/node_modules");
const { io } = require(path.join(packages, "socket.io-client"));

const [url, count, transports, ca] = process.argv.slice(2);
const AT_ONCE = 50;
// As browsers do: polls share connections, and TLS sessions are resumed. By default this library's polls do neither in
// Node, and a wave of reconnections measures a thousand full TLS handshakes on one processor.
const agent = new https.Agent({ keepAlive: true, ca: fs.readFileSync(ca) });
const UPGRADE_TIMEOUT = 10_000; // Engine.IO's upgradeTimeout, by default
const sockets = [];
const seen = { lost: 0, late: 0, slowest: 0, errors: [] };

// The clients' clock. Users do not share one processor with all others: the time in which this process waits for its
// turn, or serves other clients, is not theirs. On a machine with nothing else to do it is the time.
const TICK = 20;
let clock = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  clock += Math.min(now - last, 2 * TICK);
  last = now;
}, TICK);

function note(said) {
  if (!seen.errors.includes(said)) seen.errors.push(said);
}

function open() {
  const socket = io(url, {
    transports: transports.split(","), forceNew: true, agent, perMessageDeflate: false,
  });
  let lostAt = null;
  let losses = 0;
  let opened = 0;
  let upgraded = 0;
  const watch = () => {
    opened = upgraded = Date.now();
    socket.io.engine.once("upgrade", () => { upgraded = Date.now(); });
  };
  socket.io.on("open", watch);
  socket.on("disconnect", (reason, details) => {
    seen.lost += 1;
    losses += 1;
    lostAt = clock;
    if (losses > 1 && upgraded - opened >= UPGRADE_TIMEOUT) seen.late += 1;
    if (losses > 1) note(`lost again: ${reason}: ${details?.description?.message || details?.description || ""}`);
  });
  socket.on("connect", () => {
    if (lostAt !== null) seen.slowest = Math.max(seen.slowest, Math.round(clock - lostAt));
    lostAt = null;
  });
  socket.on("connect_error", (error) => {
    note(`${error.message}: ${error.description?.message || error.description || error.context?.status || ""}`);
  });
  sockets.push(socket);
  return new Promise((resolve) => socket.once("connect", resolve));
}

const say = () => {
  const live = sockets.filter((socket) => socket.connected);
  const upgraded = live.filter((socket) => socket.io.engine?.transport.name === "websocket");
  console.log(JSON.stringify({ connected: live.length, upgraded: upgraded.length, ...seen }));
};

async function more(count) {
  for (let opened = 0; opened < count; opened += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, open));
  }
  const upgraded = () => sockets.every((socket) => socket.io.engine?.transport.name === "websocket");
  while (count && !upgraded()) await new Promise((resolve) => setTimeout(resolve, 50));
  say();
}

async function main() {
  await more(Number(count));
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => more(Number(line))).on("close", () => process.exit(0));
}

main();
