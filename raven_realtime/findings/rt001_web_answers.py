"""RT001: Frappe's web answers for Socket.IO."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT001",
    title="Frappe's web answers for Socket.IO",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
The request for `/socket.io/` was not sent to the Socket.IO process. The router, location or tunnel that took it
leads to Frappe's web process on :8000 (which knows no such path), or to nothing at all. The client library takes a
404 for a failed connection and tries again for ever.
""",
    shows="""\
The banner "Realtime events are not working. Please try refreshing the page."; in the browser's network tab, `404`
on `/socket.io/?EIO=4&transport=polling`. `curl` of the handshake prints a page instead of `0{"sid":…`.
""",
    remedy="""\
Give `/socket.io/` a way of its own to port 9000: a location of its own in nginx, or a router of its own in Traefik,
beside the one for `/`. Then ask again: `raven-realtime check handshake URL`.
""",
    said=(
        "Realtime events are not working",
        "Realtime events are not working. Please try refreshing the page.",
        "404",
        "404 Not Found",
        "System Health Report",
        "Socket.IO heartbeat check failed",
    ),
    source="seed, section 4: ngrok not forwarding to the Socket.IO port",
    remedies=MappingProxyType(
        {
            "traefik": """\
Traefik answered itself: no router matches `/socket.io/` on this host. Start the sidecar with these labels, and see
that it is healthy, because Traefik drops the routers of containers that are not:

    traefik.enable=true
    traefik.http.routers.frappe-socketio.rule=Host(`chat.example.com`) && PathPrefix(`/socket.io`)
    traefik.http.routers.frappe-socketio.entrypoints=websecure
    traefik.http.routers.frappe-socketio.tls.certresolver=myresolver
    traefik.http.services.frappe-socketio.loadbalancer.server.port=80
""",
            "nginx": """\
Add a location beside `location /` in the same server block, then `nginx -t && nginx -s reload`:

    location /socket.io/ {
      proxy_pass http://127.0.0.1:9000;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $host;
    }

`raven-realtime render` prints the whole of it, with what Frappe needs on top.
""",
            "ngrok": """\
The tunnel leads to the web process. Let it lead to the multiplexer: `ngrok http 127.0.0.1:8005`, with nginx on 8005
sending `/socket.io/` to 9000 and the rest to 8000. `pulumi up --stack sandbox` sets up both.
""",
            "frappe": """\
The request arrived at Frappe's web process. In front of it, send `/socket.io/` to port 9000: an nginx location or a
Traefik router of its own, beside the one for `/`. With ngrok, let the tunnel lead to the multiplexer on 8005, not
to 8000.
""",
        }
    ),
)
