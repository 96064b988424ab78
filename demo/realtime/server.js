"use strict";

// The demo bench's Socket.IO process: a namespace a site, and what is published on redis goes out to rooms.

const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { createClient } = require("redis");

const { middleware } = require("./authenticate");
const { handle } = require("./handlers");
const options = require("./options").read();

async function redisClient() {
  let known = false;
  const client = createClient({
    url: options.redis,
    // Frappe's process dies when redis is not there at the start; lost later, it is waited for.
    socket: { reconnectStrategy: (retries) => known && Math.min(retries * 100, 1000) },
  });
  client.on("error", (error) => console.error(`redis ${options.redis}: ${error.message || error.code || error}`));
  await client.connect();
  known = true;
  return client;
}

async function main() {
  const http = createServer();
  const io = new Server(http, {
    cors: { origin: true, credentials: true },
    cleanupEmptyChildNamespaces: true,
    pingInterval: options.pingInterval,
    pingTimeout: options.pingTimeout,
    connectTimeout: options.connectTimeout,
  });
  if (options.adapter === "redis") {
    const { createAdapter } = require("@socket.io/redis-adapter");
    io.adapter(createAdapter(await redisClient(), await redisClient()));
  }

  const sites = io.of(/^\/.+$/);
  sites.use(middleware(options));
  sites.on("connection", handle);

  const subscriber = await redisClient();
  await subscriber.subscribe("events", (text) => {
    try {
      const { event, message, room, namespace } = JSON.parse(text);
      if (room) io.of(`/${namespace}`).to(room).emit(event, message);
      else sites.emit(event, message);
    } catch (error) {
      console.warn(`not an event, on redis' channel events: ${error.message}`);
    }
  });

  http.listen(options.port, options.host, () => console.log(`Realtime service listening on: ${options.port}`));
}

for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));

main().catch((error) => {
  console.error(error.message || error.errors?.[0]?.message || error);
  process.exit(1);
});
