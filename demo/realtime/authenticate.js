"use strict";

// Who may connect. What is asked, in which order, and the words of each refusal are those of the generation: that order
// is what the rest of this project explains.

const cookie = require("cookie");

const { asking } = require("./callback");

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

// Whether a connection passes a check.
const PASSES = {
  namespace: ({ namespace, site }) => namespace === site,
  origin: ({ host, origin }) => hostname(host) === hostname(origin),
  cookie: ({ cookies }) => Boolean(cookies),
  "cookie or authorization": ({ cookies, authorization }) => Boolean(cookies || authorization),
  sid: ({ sid }) => Boolean(sid),
  "sid or authorization": ({ sid, authorization }) => Boolean(sid || authorization),
};

function middleware(options, redis) {
  const { checks, goes_on_after, callback } = options.traits;

  return async function authenticate(socket, next) {
    const { headers } = socket.request;
    const { host, origin, authorization, cookie: cookies } = headers;
    const { sid } = cookie.parse(cookies || "");
    const site = siteOf(headers, options.defaultSite);
    const asked = { namespace: socket.nsp.name.slice(1), site, host, origin, cookies, sid, authorization };

    for (const [check, words] of checks) {
      if (PASSES[check](asked)) continue;
      next(new Error(words));
      if (!goes_on_after.includes(check)) return;
    }

    socket.site = site;
    const ask = asking({ options, redis, origin, site, sid, authorization });
    try {
      Object.assign(socket, { mayRead: ask.mayRead }, await ask.user());
    } catch (error) {
      return next(new Error(callback.refusal.replace("{error}", () => String(error))));
    }
    next();
  };
}

module.exports = { middleware };
