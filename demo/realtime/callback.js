"use strict";

// How the process asks the web on behalf of a client: with the real client of its generation, so that redirects,
// certificates, cookies and the words of a failure are that client's.

const superagent = require("superagent");

const SECRET = "socketio_auth_secret";

// Where the web is asked: at webserver_host, else at the Origin, as the browser sees it.
function base(origin, options) {
  const { callback } = options.traits;
  const { webserverHost, webserverPort } = options;
  if (callback.webserver_host && webserverHost && webserverPort) {
    const url = new URL(webserverHost.includes("://") ? webserverHost : `http://${webserverHost}`);
    if (!url.port) url.port = webserverPort;
    return url.origin;
  }
  if (!callback.developer_mode || !options.developerMode) return origin;
  const [scheme, host] = origin.split(":");
  return `${scheme}:${host}:${webserverPort}`;
}

// Each gives a function of a path and a query that answers with the body's object.
const CLIENTS = {
  superagent({ options, origin, sid, authorization }) {
    return async (path, query) => {
      const request = superagent.get(base(origin, options) + path);
      if (authorization) request.set("Authorization", authorization);
      else request.query({ sid });
      return (await request.type("form").query(query)).body;
    };
  },

  fetch({ options, origin, site, sid, authorization, redis }) {
    const { callback } = options.traits;
    return async (path, query) => {
      const headers = authorization ? { authorization } : { cookie: `sid=${sid}` };
      const secret = callback.secret && (await (await redis()).get(SECRET));
      if (secret) headers["x-frappe-socket-secret"] = secret;
      if (callback.site_header) headers["x-frappe-site-name"] = site;
      const text = new URLSearchParams(query).toString();
      return (await fetch(base(origin, options) + path + (text && `?${text}`), { headers })).json();
    };
  },
};

function asking(client) {
  const { callback, permission } = client.options.traits;
  const authorization = callback.authorization === false ? undefined : client.authorization;
  const ask = CLIENTS[callback.client]({ ...client, authorization });
  const method = (name, query = {}) => ask(`/api/method/frappe.realtime.${name}`, query);
  return {
    async user() {
      let { message } = await method("get_user_info");
      if (callback.asks_again && !message.installed_apps) ({ message } = await method("get_user_info"));
      return { user: message.user, userType: message.user_type, installedApps: message.installed_apps };
    },

    // An answer that is no error is a yes for the older method, one that says so for the newer.
    async mayRead(doctype, name) {
      if (permission === "has_permission") return (await method(permission, { doctype, name: name || "" })).message;
      await (name ? method("can_subscribe_doc", { doctype, docname: name }) : method("can_subscribe_doctype", { doctype }));
      return true;
    },
  };
}

module.exports = { asking };
