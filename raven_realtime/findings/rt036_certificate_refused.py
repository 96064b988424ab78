"""RT036: the certificate is refused."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT036",
    title="The certificate is refused",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
TLS could not be agreed: the certificate is expired, is for another name, is signed by nobody known (Traefik's own
default certificate when the resolver got none), or the port speaks no TLS.
""",
    shows="""\
The browser warns before the page; the client library says `xhr poll error`. `curl` ends with code 60 or 35.
""",
    remedy="""\
`openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 -noout -subject -issuer -dates`.
Renew it, or correct the name. For a private CA give it to the check: `--ca FILE`.
""",
    said=(
        "ERR_CERT_AUTHORITY_INVALID",
        "ERR_CERT_DATE_INVALID",
        "xhr poll error",
        "certificate has expired",
    ),
    source="RFC 9525; Traefik documentation, certificate resolvers",
    remedies=MappingProxyType(
        {
            "traefik": """\
"TRAEFIK DEFAULT CERT" means that the resolver got no certificate: its log (`docker logs TRAEFIK | grep acme`) says
why; the router needs `tls.certresolver` and the name in its rule.
""",
        }
    ),
)
