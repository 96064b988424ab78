"""Ways to break the passing stacks, one at a time, and the code that each is caught by."""

from __future__ import annotations

from dataclasses import dataclass

from tests.policies import declared
from tests.policies.declared import (
    COMMAND,
    CONTAINER,
    HOST,
    ROUTER,
    SERVICE,
    TLS,
    Change,
    Declared,
    Stack,
    also,
    app,
    label,
    rival,
    secret,
    setting,
    several,
    text,
)

UPGRADE = "proxy_set_header Upgrade $http_upgrade;"
CONNECTION = "proxy_set_header Connection $raven_connection;"
BASES = {"prod": declared.prod, "sandbox": declared.sandbox, "ngrok": declared.ngrok}


@dataclass(frozen=True)
class Mutation:
    """One way to break a stack."""

    name: str
    base: str
    change: Change
    code: str

    @property
    def stack(self) -> Stack:
        """The broken stack."""
        return self.change(BASES[self.base]())


def _both(name: str, change: Change, code: str) -> list[Mutation]:
    """Break both nginx configurations in one way."""
    return [Mutation(f"{base}: {name}", base, change, code) for base in ("prod", "sandbox")]


def _prod(name: str, change: Change, code: str) -> Mutation:
    return Mutation(f"prod: {name}", "prod", change, code)


def _compose(**environment: str) -> Declared:
    envs = [f"{name}={value}" for name, value in environment.items()]
    return Declared(CONTAINER, "backend", {"name": "backend", "image": "frappe/erpnext:v15", "envs": envs})


MUTATIONS = [
    # nginx: what a WebSocket needs
    *_both("no Upgrade", text(UPGRADE, "", count=1), "RT025"),
    *_both("no Connection", text(CONNECTION, "", count=1), "RT025"),
    *_both("Connection close", text(CONNECTION, "proxy_set_header Connection close;", count=1), "RT025"),
    *_both("HTTP/1.0", text("proxy_http_version 1.1;", "", count=1), "RT025"),
    *_both("Connection map without upgrade", text("default upgrade;", "default keep-alive;"), "RT025"),
    *_both("Upgrade h2c", text(UPGRADE, "proxy_set_header Upgrade h2c;", count=1), "RT025"),
    # nginx: what Frappe checks
    *_both("no Origin", text("proxy_set_header Origin $raven_origin;", ""), "RT008"),
    *_both(
        "Origin as it came",
        text("proxy_set_header Origin $raven_origin;", "proxy_set_header Origin $http_origin;"),
        "RT008",
    ),
    *_both(
        "Origin of another host",
        text("proxy_set_header Origin $raven_origin;", "proxy_set_header Origin https://x.example;"),
        "RT008",
    ),
    *_both("no Host", text("proxy_set_header Host $host;", ""), "RT008"),
    *_both("Host of the upstream", text("proxy_set_header Host $host;", "proxy_set_header Host $proxy_host;"), "RT008"),
    _prod(
        "a router straight to Socket.IO",
        also(app("node", {"rule": "Host(`b.example`) && PathPrefix(`/socket.io`)", **TLS}, 9000)),
        "RT008",
    ),
    _prod("no site", text("proxy_set_header X-Frappe-Site-Name $raven_site;", ""), "RT009"),
    _prod("site of no host", text(f"{HOST} {HOST};", "other.example other;"), "RT009"),
    _prod(
        "empty site",
        text("proxy_set_header X-Frappe-Site-Name $raven_site;", "proxy_set_header X-Frappe-Site-Name '';"),
        "RT009",
    ),
    Mutation(
        "sandbox: no site",
        "sandbox",
        text("proxy_set_header X-Frappe-Site-Name raven.localhost;", "", count=2),
        "RT009",
    ),
    *_both("wss not mapped", text("(?:https|wss)", "(?:https)"), "RT011"),
    *_both("scheme of nginx itself", text("$raven_scheme://$http_host", "$scheme://$http_host"), "RT011"),
    *_both("scheme as it came", text("$raven_scheme://$http_host", "$http_x_forwarded_proto://$http_host"), "RT011"),
    # nginx: how long, how fast, how many
    *_both("default timeouts of 60 s", text("proxy_read_timeout 86400;", ""), "RT107"),
    *_both("read timeout of 30 s", text("proxy_read_timeout 86400;", "proxy_read_timeout 30s;"), "RT022"),
    *_both("read timeout of 45 s", text("proxy_read_timeout 86400;", "proxy_read_timeout 45;"), "RT022"),
    *_both("send timeout of 10 s", text("proxy_send_timeout 86400;", "proxy_send_timeout 10s;"), "RT022"),
    *_both("timeout of an hour", text("proxy_read_timeout 86400;", "proxy_read_timeout 1h;"), "RT107"),
    *_both("no buffering off", text("proxy_buffering off;", "", count=1), "RT112"),
    *_both("buffering on", text("proxy_buffering off;", "proxy_buffering on;", count=1), "RT112"),
    *_both("1024 connections", text("worker_connections 20512;", "worker_connections 1024;"), "RT029"),
    *_both("fewer files than connections", text("worker_rlimit_nofile 21024;", "worker_rlimit_nofile 4096;"), "RT029"),
    _prod("a low limit of the container", setting(ulimits=[{"name": "nofile", "soft": 1024, "hard": 1024}]), "RT029"),
    Mutation("sandbox: no limit of files", "sandbox", text("worker_rlimit_nofile 21024;", ""), "RT029"),
    # nginx and the path
    *_both("URI behind proxy_pass", text("proxy_pass http://socketio;", "proxy_pass http://socketio/;"), "RT007"),
    *_both(
        "another path behind proxy_pass",
        text("proxy_pass http://socketio;", "proxy_pass http://socketio/ws/;"),
        "RT007",
    ),
    *_both("the query lost", text("proxy_pass http://socketio;", "proxy_pass http://socketio$uri;"), "RT007"),
    *_both("location with another name", text("location /socket.io/ {", "location /socket.iox/ {"), "RT001"),
    *_both("a return in the location", text("proxy_pass http://socketio;", "return 404;"), "RT001"),
    *_both(
        "a regular expression takes it",
        text("location /socket.io/ {", "location ~ ^/socket { return 403; } location /socket.io/ {"),
        "RT001",
    ),
    *_both(
        "a password before it",
        text("proxy_pass http://socketio;", "auth_basic on; auth_basic_user_file /x; proxy_pass http://socketio;"),
        "RT026",
    ),
    *_both("not an nginx configuration", text("proxy_buffering off;", "proxy_buffering off", count=1), "RT116"),
    *_both(
        "a location that nginx refuses", text("location /socket.io/ {", "location / socket.io/ {", count=1), "RT116"
    ),
    # ports
    _prod("upstream 9001", text("172.17.0.1:9000", "172.17.0.1:9001"), "RT016"),
    Mutation("sandbox: upstream 9001", "sandbox", text("127.0.0.1:9000", "127.0.0.1:9001"), "RT016"),
    _prod("upstream 3000", text("172.17.0.1:9000", "172.17.0.1:3000"), "RT018"),
    _prod("upstream 8000", text("172.17.0.1:9000", "172.17.0.1:8000"), "RT001"),
    Mutation("sandbox: upstream 8000", "sandbox", text("server 127.0.0.1:9000;", "server 127.0.0.1:8000;"), "RT001"),
    _prod("FRAPPE_SOCKETIO_PORT", also(_compose(FRAPPE_SOCKETIO_PORT="9001")), "RT016"),
    _prod("VITE_SOCKET_PORT", also(_compose(VITE_SOCKET_PORT="9001")), "RT016"),
    _prod("SOCKETIO of frappe_docker", also(_compose(SOCKETIO="websocket:9001")), "RT016"),
    _prod(
        "a check that asks 9001",
        also(Declared(COMMAND, "check", {"create": "curl -f http://localhost:9001/socket.io/?EIO=4"})),
        "RT016",
    ),
    *(
        _prod(
            f"a command that names {address}", also(Declared(COMMAND, "check", {"create": f"nc -z {address}"})), "RT016"
        )
        for address in ("host.docker.internal:9001", "websocket:9002", "[::1]:9001", "10.0.0.7:5000/socket.io/?EIO=4")
    ),
    _prod(
        "a command's environment",
        also(Declared(COMMAND, "build", {"create": "yarn build", "environment": {"VITE_SOCKET_PORT": "9001"}})),
        "RT016",
    ),
    _prod(
        "an address in a command's environment",
        also(Declared(COMMAND, "check", {"create": "check", "environment": {"UPSTREAM": "http://localhost:9001"}})),
        "RT016",
    ),
    *(
        _prod(
            f"a router straight to port {port}",
            also(app("node", {"rule": "Host(`b.example`) && PathPrefix(`/socket.io`)", **TLS}, port)),
            "RT016",
        )
        for port in (9001, 9002, 5000)
    ),
    _prod(
        "two processes without stickiness",
        text("server 172.17.0.1:9000;", "server 172.17.0.1:9000; server 172.17.0.2:9000;"),
        "RT006",
    ),
    # Traefik: who owns the path
    _prod("a longer rule for the path", rival(f"Host(`{HOST}`) && PathPrefix(`/socket.io/`)"), "RT005"),
    _prod("HostRegexp above it", rival("HostRegexp(`^.+$`)", priority="10000"), "RT005"),
    _prod("a catch-all above it", rival("PathPrefix(`/`)", priority="100000"), "RT005"),
    _prod("a part of the path", rival(f"Host(`{HOST}`) && PathPrefix(`/socket.io/`) && Method(`GET`)"), "RT005"),
    _prod("a path by regular expression", rival(f"Host(`{HOST}`) && PathRegexp(`^/sock.*`)", priority="900"), "RT005"),
    _prod(
        "a tie",
        rival(
            f"Host(`{HOST}`) && Path(`/socket.io/`)", priority=str(len(f"Host(`{HOST}`) && PathPrefix(`/socket.io`)"))
        ),
        "RT101",
    ),
    _prod("/socket.iox", label(f"{ROUTER}.rule", f"Host(`{HOST}`) && PathPrefix(`/socket.iox`)"), "RT001"),
    _prod("only the exact path", label(f"{ROUTER}.rule", f"Host(`{HOST}`) && Path(`/socket.io`)"), "RT001"),
    _prod("a rule that does not parse", label(f"{ROUTER}.rule", f"Host(`{HOST}` && PathPrefix(`/socket.io`)"), "RT104"),
    _prod("a label of the wrong type", label(f"{ROUTER}.priority", "high"), "RT104"),
    _prod("a service that is not there", label(f"{ROUTER}.service", "nowhere"), "RT104"),
    _prod("the router defined twice", also(app("frappe-socketio", {"rule": f"Host(`{HOST}`)", **TLS})), "RT104"),
    _prod("a plain entrypoint", label(f"{ROUTER}.entrypoints", "web"), "RT102"),
    _prod("no TLS", label(f"{ROUTER}.tls.certresolver", None), "RT102"),
    _prod(
        "TLS without a resolver",
        several(label(f"{ROUTER}.tls", "true"), label(f"{ROUTER}.tls.certresolver", None)),
        "RT103",
    ),
    _prod("a port that nginx does not serve", label(SERVICE, "8080"), "RT002"),
    _prod("the port of Socket.IO at the sidecar", label(SERVICE, "9000"), "RT002"),
    _prod(
        "a prefix is stripped",
        several(
            label("traefik.http.middlewares.cut.stripprefix.prefixes", "/socket.io"),
            label(f"{ROUTER}.middlewares", "cut"),
        ),
        "RT007",
    ),
    _prod(
        "a login before it",
        several(
            label("traefik.http.middlewares.login.forwardauth.address", "http://auth:4181"),
            label(f"{ROUTER}.middlewares", "login"),
        ),
        "RT026",
    ),
    _prod("two networks, none named", setting(networksAdvanced=[{"name": "web"}, {"name": "bench"}]), "RT004"),
    # the container
    _prod(
        "health check of :9000",
        setting(healthcheck={"tests": ["CMD", "curl", "-f", "http://172.17.0.1:9000/"]}),
        "RT106",
    ),
    _prod(
        "health check of the path",
        setting(healthcheck={"tests": ["CMD-SHELL", "curl -f 'http://127.0.0.1/socket.io/?EIO=4&transport=polling'"]}),
        "RT106",
    ),
    _prod("an image by tag", setting(image="nginx:stable"), "RT108"),
    _prod("root", setting(user=None), "RT109"),
    _prod("a writable file system", setting(readOnly=False), "RT109"),
    _prod("all capabilities", setting(capabilities=None), "RT109"),
    _prod("new privileges", setting(securityOpts=None), "RT109"),
    _prod("no memory limit", setting(memory=None), "RT109"),
    _prod("privileged", setting(privileged=True), "RT109"),
    _prod("a secret in a variable", setting(envs=["API_SECRET=hunter2hunter2"]), "RT110"),
    _prod(
        "a secret in a command's environment",
        also(Declared(COMMAND, "login", {"create": "login", "environment": {"API_SECRET": "hunter2hunter2"}})),
        "RT110",
    ),
    _prod(
        "a secret in an upload",
        setting(uploads=[{"file": "/sites/a/site_config.json", "content": '{"db_password": "hunter2hunter2"}'}]),
        "RT110",
    ),
    _prod(
        "a secret in standard input",
        also(Declared(COMMAND, "write", {"create": "cat > .env", "stdin": "DB_HOST=db\nDB_PASSWORD=hunter2hunter2\n"})),
        "RT110",
    ),
    _prod(
        "Pulumi's secret on a command line",
        also(
            Declared(COMMAND, "login", {"create": secret("curl -H 'Authorization: token abcd:efgh' https://x.example")})
        ),
        "RT110",
    ),
    _prod("a secret in a label", label("ngrok.authtoken", "2abcdefghijk"), "RT110"),
    _prod(
        "a secret on a command line",
        also(Declared(COMMAND, "login", {"create": "curl -H 'Authorization: token abcd:efgh' https://x.example"})),
        "RT110",
    ),
    _prod(
        "a secret in nginx",
        text("proxy_set_header Origin", "proxy_set_header Authorization 'token abcd:efgh'; proxy_set_header Origin"),
        "RT110",
    ),
    # tunnels
    Mutation("ngrok: to the web", "ngrok", text("127.0.0.1:8005", "127.0.0.1:8000", of="tunnel"), "RT001"),
    Mutation("ngrok: to Socket.IO", "ngrok", text("127.0.0.1:8005", "127.0.0.1:9000", of="tunnel"), "RT013"),
    Mutation("ngrok: to 9001", "ngrok", text("127.0.0.1:8005", "127.0.0.1:9001", of="tunnel"), "RT016"),
    Mutation(
        "ngrok: the token in the file",
        "ngrok",
        text("agent:", "agent:\n  authtoken: 2abcdefghijk", of="tunnel"),
        "RT110",
    ),
    Mutation("ngrok: not YAML", "ngrok", text("endpoints:", "endpoints: [", of="tunnel"), "RT116"),
    Mutation(
        "ngrok: a command to the web",
        "ngrok",
        lambda stack: (stack[0], Declared(COMMAND, "tunnel", {"create": "ngrok http 8000"})),
        "RT001",
    ),
    Mutation(
        "sandbox: the tunnel to the web", "sandbox", text("127.0.0.1:8005", "127.0.0.1:8000", of="tunnel"), "RT001"
    ),
    Mutation("sandbox: the tunnel without Upgrade", "sandbox", text(UPGRADE, "", of="tunnel"), "RT025"),
    Mutation(
        "sandbox: the tunnel cuts at 20 s",
        "sandbox",
        text("proxy_read_timeout 86400;", "proxy_read_timeout 20s;", of="tunnel"),
        "RT022",
    ),
]
