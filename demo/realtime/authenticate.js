"use strict";

// Who may connect to a site's namespace. The order of the questions and the wording of the refusals are those of
// Frappe's realtime/middlewares/authenticate.js: that order is what the rest of this project explains.

const cookie = require("cookie");

const USER_INFO = "/api/method/frappe.realtime.get_user_info";
const LOCALHOST = new Set(["localhost", "127.0.0.1"]);

// The host of a URL or of a Host header, without scheme, path and port.
function hostname(address) {
  if (!address) return undefined;
  const authority = address.includes("://") ? address.split("/")[2] : address;
  return authority.split(":")[0];
}

// The site that a connection belongs to: what the proxy says, else what the browser's address implies.
function siteOf(headers, defaultSite) {
  if (headers["x-frappe-site-name"]) return hostname(headers["x-frappe-site-name"]);
  if (defaultSite && LOCALHOST.has(hostname(headers.host))) return defaultSite;
  return hostname(headers.origin || headers.host);
}

// Where the process calls the web application back: at the Origin, as the browser sees it.
function callbackBase(origin, options) {
  if (!options.developerMode) return origin;
  const [scheme, host] = origin.split(":");
  return `${scheme}:${host}:${options.webserverPort}`;
}

function middleware(options) {
  return async function authenticate(socket, next) {
    const headers = socket.request.headers;

    if (socket.nsp.name.slice(1) !== siteOf(headers, options.defaultSite)) {
      next(new Error("Invalid namespace"));
      // Older Frappe goes on from here, and a refused client is then connected to a namespace that nothing is published to.
      if (!options.continueAfterInvalidNamespace) return;
    }
    if (hostname(headers.host) !== hostname(headers.origin)) return next(new Error("Invalid origin"));
    if (!headers.cookie) return next(new Error("No cookie transmitted."));

    const { sid } = cookie.parse(headers.cookie);
    const authorization = headers.authorization;
    if (!sid && !authorization) {
      return next(new Error("No authentication method used. Use cookie or authorization header."));
    }

    socket.ask = async (path, query = {}) => {
      const url = callbackBase(headers.origin, options) + path + suffix(query);
      const response = await fetch(url, { headers: authorization ? { authorization } : { cookie: `sid=${sid}` } });
      return (await response.json()).message;
    };

    try {
      const { user, user_type, installed_apps } = await socket.ask(USER_INFO);
      Object.assign(socket, { user, userType: user_type, installedApps: installed_apps });
    } catch (error) {
      return next(new Error(`Unauthorized: ${error}`));
    }
    next();
  };
}

function suffix(query) {
  const text = new URLSearchParams(query).toString();
  return text && `?${text}`;
}

module.exports = { middleware };
