"use strict";

// What the process may be told, in Frappe's way: sites/common_site_config.json, then the environment. What its
// generation does is a row of demo/generations.json.

const fs = require("node:fs");
const path = require("node:path");

const GENERATIONS = path.join(__dirname, "..", "generations.json");
const FALLBACK_PORT = 9000;

function read(environment = process.env) {
  const bench = environment.DEMO_BENCH || process.cwd();
  const config = json(path.join(bench, "sites", "common_site_config.json"));
  const traits = generation(environment.DEMO_GENERATION || json(path.join(bench, "demo.json")).generation);
  return {
    traits,
    port: Number(environment.FRAPPE_SOCKETIO_PORT || config.socketio_port || FALLBACK_PORT),
    // Frappe listens on every address; a demo keeps to itself unless told otherwise.
    host: environment.DEMO_SOCKETIO_HOST || "127.0.0.1",
    unixSocket: traits.unix_socket && (environment.FRAPPE_SOCKETIO_UDS || config.socketio_uds),
    redis: environment.FRAPPE_REDIS_QUEUE || config[traits.redis],
    defaultSite: environment.FRAPPE_SITE || config.default_site,
    developerMode: Boolean(config.developer_mode),
    webserverHost: config.webserver_host,
    webserverPort: config.webserver_port,
    // The faults and variants that tests ask for.
    adapter: environment.REALTIME_ADAPTER || "",
    pingInterval: milliseconds(environment, "REALTIME_PING_INTERVAL", 25_000),
    pingTimeout: milliseconds(environment, "REALTIME_PING_TIMEOUT", 20_000),
    connectTimeout: milliseconds(environment, "REALTIME_CONNECT_TIMEOUT", 45_000),
  };
}

function json(file) {
  return JSON.parse(fs.readFileSync(file, "utf8"));
}

function generation(name) {
  const traits = json(GENERATIONS)[name];
  if (traits?.program !== "node") throw new Error(`generation ${name} does not run on Node`);
  return traits;
}

function milliseconds(environment, name, fallback) {
  const value = Number(environment[name] || fallback);
  if (!Number.isInteger(value) || value <= 0) {
    throw new Error(`${name} must be a whole number of milliseconds above 0, found ${environment[name]}`);
  }
  return value;
}

module.exports = { read };
