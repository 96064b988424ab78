"use strict";

// An HTTP/2 server that offers WebSockets by extended CONNECT (RFC 8441), and answers them as it is told:
// node http2_server.js PORT KEY CERTIFICATE OFFER ANSWER, where ANSWER is a status, "reset" or "silent".

const http2 = require("node:http2");
const fs = require("node:fs");

const [port, key, cert, offer, answer] = process.argv.slice(2);
const server = http2.createSecureServer({
  key: fs.readFileSync(key),
  cert: fs.readFileSync(cert),
  settings: { enableConnectProtocol: offer === "yes" },
});
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  if (headers[":method"] !== "CONNECT") return stream.respond({ ":status": 404 }, { endStream: true });
  if (answer === "reset") return stream.close(http2.constants.NGHTTP2_PROTOCOL_ERROR);
  if (answer !== "silent") stream.respond({ ":status": Number(answer) });
});
server.listen(Number(port), "127.0.0.1");
