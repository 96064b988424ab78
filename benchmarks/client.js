"use strict";

// One socket.io-client, as a page has it: sends an event, waits until it is back, and so on; prints the median in µs.

const { io } = require("socket.io-client");

const [address, seconds] = [process.argv[2], Number(process.argv[3])];
const socket = io(`http://${address}`, { transports: ["websocket"], reconnection: false });
const times = [];
let began, sent;

function send() {
  sent = process.hrtime.bigint();
  socket.emit("echo", "0123456789");
}

socket.on("connect", () => {
  began = process.hrtime.bigint();
  send();
});
socket.on("echo", () => {
  const now = process.hrtime.bigint();
  times.push(Number(now - sent) / 1000);
  if (Number(now - began) / 1e9 < seconds) return send();
  const sorted = times.slice(Math.floor(times.length / 2)).sort((a, b) => a - b); // Node compiles in the first half
  console.log(JSON.stringify({ p50_us: sorted[Math.floor(sorted.length / 2)] }));
  socket.disconnect();
});
socket.on("connect_error", (error) => {
  console.error(`${address}: ${error.message}`);
  process.exit(1);
});
