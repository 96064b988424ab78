"use strict";

// The demo bench's Socket.IO process, of any generation that runs on Node: what is published on redis goes out to rooms.

const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { createClient } = require("redis");

const { middleware } = require("./authenticate");
const { handlersOf } = require("./handlers");
const options = require("./options").read();

// Frappe's process dies when redis is not there, at its start or later: somebody else starts it again.
async function redisClient() {
  const client = createClient({ url: options.redis, socket: { reconnectStrategy: false } });
  client.on("error", (error) => end(`redis ${options.redis}: ${error.message || error.code || error}`));
  await client.connect();
  return client;
}

function end(words) {
  console.error(words);
  process.exit(1);
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

  let asked;
  const redis = () => (asked ??= redisClient());
  const { namespaces } = options.traits;
  const sites = namespaces ? io.of(/^\/.+$/) : io;
  sites.use(middleware(options, redis));
  sites.on("connection", handlersOf(options.traits));

  const subscriber = await redisClient();
  await subscriber.subscribe("events", (text) => {
    try {
      const { event, message, room, namespace } = JSON.parse(text);
      if (!room) sites.emit(event, message);
      else (namespaces ? io.of(`/${namespace}`) : io).to(room).emit(event, message);
    } catch (error) {
      console.warn(`not an event, on redis' channel events: ${error.message}`);
    }
  });

  const where = options.unixSocket ? [options.unixSocket] : [options.port, options.host];
  http.listen(...where, () => console.log(`Realtime service listening on: ${where[0]}`));
}

for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));

main().catch((error) => end(error.message || error.errors?.[0]?.message || error));
