"""What is broken, on which generations, and what the doctor has to end with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALL = ("14", "15", "16", "secret", "python-gevent", "python-asyncio")
NODE, PYTHON = ALL[:4], ALL[4:]
SECRETIVE = ALL[3:]
HEALTHY = frozenset({""})
"""No fault found, warnings and notes aside."""
ANYTHING: frozenset[str] = frozenset()
"""The row does not say what has to be said from there."""
CALLBACK = frozenset({"RT012"})
THE_WEBS = frozenset({"RT012", "RT044"})
PORT_8090, PORT_8091 = 8090, 8091
TO_ORIGIN = "proxy_set_header Origin $raven_origin;"
TO_SOCKETIO = "server 127.0.0.1:9000;"
POLLS = "proxy_pass http://socketio;\n            proxy_http_version 1.1;"
"""Not the way of POSTs: in a named location nginx takes no path."""


def codes(*each: str) -> frozenset[str]:
    """Return the codes of which one has to be the verdict's."""
    return frozenset(each)


@dataclass(frozen=True)
class Row:
    """One fault, or none."""

    what: str
    generations: tuple[str, ...]
    """Where it is shown; on the first one in the ordinary run."""
    outside: frozenset[str] = ANYTHING
    """Without credentials."""
    session: frozenset[str] = ANYTHING
    inside: frozenset[str] = ANYTHING
    """With a session, a bench to publish with, and a look at the server."""
    nginx: tuple[tuple[str, str], ...] = ()
    """In the sidecar's configuration."""
    environment: tuple[tuple[str, str], ...] = ()
    """Of the realtime process."""
    traefik: Mapping[str, Any] = field(default_factory=dict)
    answering: Mapping[str, int] = field(default_factory=dict)
    """A callback (`get_user_info`, or `permission`) and the port of who answers it instead of the web."""
    also: tuple[str, ...] = ()
    """What the stand does besides: the names of its methods."""
    by_page: bool = False
    """Whether the doctor is not told the site, which is named unlike its host."""
    wrong_sid: bool = False

    @property
    def wanted(self) -> dict[str, frozenset[str]]:
        """Who asks, and the codes that are right then."""
        each = {"outside": self.outside, "session": self.session, "inside": self.inside}
        return {who: codes for who, codes in each.items() if codes is not ANYTHING}


UNTRUSTED = tuple((name, "") for name in ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"))
NOWHERE = (
    ("proxy_set_header Host $host;", "proxy_set_header Host nowhere.invalid;"),
    (TO_ORIGIN, "proxy_set_header Origin https://nowhere.invalid;"),
)
STRIPPED = {
    "routers": {
        "callback": {
            "rule": "Host(`localhost`) && PathPrefix(`/api/method/frappe.realtime.`)",
            "entryPoints": ["websecure"],
            "service": "frappe-web",
            "middlewares": ["frappe-site", "strips"],
            "tls": {},
        }
    },
    "middlewares": {"strips": {"headers": {"customRequestHeaders": {"X-Frappe-Socket-Secret": ""}}}},
}
MAINTENANCE = {
    "routers": {
        "maintenance": {
            "rule": "Host(`localhost`)",
            "priority": 10_000,
            "entryPoints": ["websecure"],
            "service": "maintenance",
            "tls": {},
        }
    },
    "services": {"maintenance": {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:8092"}]}}},
}

ROWS = (
    Row("nothing", ALL, HEALTHY, HEALTHY, HEALTHY),
    Row("nothing, and the page names the site", ("16", "14"), HEALTHY, HEALTHY, HEALTHY, by_page=True),
    Row(
        "Origin is passed on as it came",
        ("python-asyncio", "14", "15", "16", "secret", "python-gevent"),
        codes("RT008"),
        codes("RT008"),
        codes("RT008"),
        nginx=((TO_ORIGIN, "proxy_set_header Origin $http_origin;"),),
    ),
    Row(
        "the site's name is another",
        ("15", "16", "secret", *PYTHON),
        codes("RT009"),
        codes("RT009"),
        codes("RT009"),
        nginx=(("localhost raven.localhost;", "localhost another.localhost;"),),
    ),
    Row(
        "the site's name is another, on 14",
        ("14",),
        inside=codes("RT009"),
        nginx=(("localhost raven.localhost;", "localhost another.localhost;"),),
    ),
    Row(
        "Origin is http behind TLS",
        ("16", "secret", *PYTHON),
        session=codes("RT011"),
        inside=codes("RT011"),
        nginx=((TO_ORIGIN, "proxy_set_header Origin http://$host;"),),
    ),
    Row(
        "Origin is http behind TLS, and the sid survives",
        ("15", "14"),
        HEALTHY,
        HEALTHY,
        HEALTHY,
        nginx=((TO_ORIGIN, "proxy_set_header Origin http://$host;"),),
    ),
    Row(
        "nginx asks another port",
        ("16", *PYTHON),
        codes("RT002"),
        codes("RT002"),
        codes("RT016"),
        nginx=((TO_SOCKETIO, "server 127.0.0.1:9001;"),),
    ),
    Row(
        "the path is taken away",
        ("16", *PYTHON),
        codes("RT007"),
        codes("RT007"),
        codes("RT007"),
        nginx=((POLLS, POLLS.replace("socketio;", "socketio/;")),),
    ),
    Row(
        "HTTP/1.0",
        ("16", *PYTHON),
        codes("RT025"),
        codes("RT025"),
        codes("RT025"),
        nginx=(
            ("proxy_http_version 1.1;", "proxy_http_version 1.0;"),
            ("proxy_set_header Upgrade $http_upgrade;", ""),
        ),
    ),
    Row(
        "Upgrade without Connection",
        ("python-asyncio", "16"),
        codes("RT025"),
        codes("RT025"),
        codes("RT025"),
        nginx=(("proxy_set_header Connection $raven_connection;", 'proxy_set_header Connection "";'),),
    ),
    Row(
        "the cookie is taken away",
        ("16", "14", *PYTHON),
        codes("RT013"),
        codes("RT013"),
        codes("RT013"),
        nginx=((TO_ORIGIN, f'{TO_ORIGIN} proxy_set_header Cookie "";'),),
    ),
    Row(
        "the certificate is not trusted",
        ("python-gevent", "14", "15", "16", "secret", "python-asyncio"),
        CALLBACK,
        CALLBACK,
        CALLBACK,
        environment=UNTRUSTED,
    ),
    Row("the callback's name is not known", ("15", "16", *PYTHON), CALLBACK, CALLBACK, CALLBACK, nginx=NOWHERE),
    Row(
        "the callback is refused",
        ("python-asyncio", "15", "16", "secret", "python-gevent"),
        CALLBACK,
        CALLBACK,
        CALLBACK,
        nginx=((TO_ORIGIN, "proxy_set_header Origin https://$host:1;"),),
    ),
    Row(
        "the web is down",
        ("15", "14", "16", "secret", *PYTHON),
        THE_WEBS,
        THE_WEBS,
        THE_WEBS,
        also=("web_down",),
    ),
    Row(
        "get_user_info answers 500",
        ("16", "14", "15", "secret", *PYTHON),
        THE_WEBS,
        THE_WEBS,
        THE_WEBS,
        answering={"get_user_info": PORT_8090},
    ),
    Row(
        "get_user_info hangs",
        ("16", "15", *PYTHON),
        THE_WEBS,
        THE_WEBS,
        THE_WEBS,
        answering={"get_user_info": PORT_8091},
    ),
    Row(
        "the permission is answered with 500",
        ("16", "secret", *PYTHON),
        HEALTHY,
        codes("RT033"),
        codes("RT033"),
        answering={"permission": PORT_8090},
    ),
    Row(
        "the permission is not answered",
        ("python-gevent", "16", "python-asyncio"),
        HEALTHY,
        codes("RT033"),
        codes("RT033"),
        answering={"permission": PORT_8091},
    ),
    Row(
        "another redis",
        ("16", "14", "15"),
        inside=codes("RT021"),
        also=("another_redis",),
    ),
    Row(
        "another redis, where the secret is read",
        ("secret", *PYTHON),
        codes("RT045", "RT012", "RT021"),
        codes("RT045", "RT012", "RT021"),
        codes("RT021", "RT045"),
        also=("another_redis",),
    ),
    Row(
        "redis dies",
        PYTHON,
        codes("RT046", "RT012", "RT002"),
        codes("RT046", "RT012", "RT002"),
        codes("RT020", "RT021"),
        also=("redis_dies",),
    ),
    Row(
        "the secret is stripped on the way",
        ("secret",),
        codes("RT045"),
        codes("RT045"),
        codes("RT045"),
        traefik=STRIPPED,
    ),
    Row(
        "the secret is stripped on the way, and Python does not say so",
        PYTHON,
        codes("RT045", "RT012"),
        codes("RT045", "RT012"),
        codes("RT045"),
        traefik=STRIPPED,
    ),
    Row(
        "the realtime process is frozen",
        ("16", "python-asyncio"),
        codes("RT038"),
        codes("RT038"),
        codes("RT038"),
        also=("process_frozen",),
    ),
    Row(
        "a sid that is no session",
        ("16", "14", "15", "secret", *PYTHON),
        session=codes("RT042"),
        inside=codes("RT042"),
        wrong_sid=True,
    ),
)
