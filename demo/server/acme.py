"""pebble, an ACME server for tests, with the DNS that it validates by; both are in the world outside.

pebble makes a new root certificate each time it starts (its README, "CA Root and Intermediate Certificates"), so
whoever trusts it, and whatever it has issued, follows its life.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from demo.server.layout import OUTSIDE, SERVER, Layout
from raven_realtime.problem import Problem
from raven_realtime.sandbox.supervisor import Program
from raven_realtime.sandbox.whole_file import write_whole

ACME_PORT = 14000
MANAGEMENT_PORT = 15000
DNS_PORT = 53
DIRECTORY = f"https://{OUTSIDE}:{ACME_PORT}/dir"


def programs(layout: Layout) -> list[Program]:
    """Write the configuration and return DNS, in which every name is the server, and pebble."""
    _ensure_certificate(layout)
    settings = {
        "listenAddress": f"{OUTSIDE}:{ACME_PORT}",
        "managementListenAddress": f"{OUTSIDE}:{MANAGEMENT_PORT}",
        "certificate": str(layout.acme / "certificate.pem"),
        "privateKey": str(layout.acme / "key.pem"),
        "httpPort": 80,
        "tlsPort": 443,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }
    config = layout.acme / "pebble.json"
    write_whole(config, json.dumps({"pebble": settings}, indent=1))
    dns = f"{OUTSIDE}:{DNS_PORT}"
    unused = ("-http01", "", "-https01", "", "-tlsalpn01", "", "-management", "127.0.0.1:8055")
    names = ("pebble-challtestsrv", "-dns01", dns, "-defaultIPv4", SERVER, "-defaultIPv6", "", *unused)
    # at full speed, and without the refusals by which pebble trains its clients
    manners = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    pebble = ("pebble", "-config", str(config), "-dnsserver", dns)
    return [
        Program("dns", layout.outside.command(*names)),
        Program("acme", layout.outside.command(*pebble), environment=manners),
    ]


def root_certificate(layout: Layout) -> str:
    """Ask the running pebble for its root certificate (PEM).

    Raises:
        Problem: it does not answer.
    """
    url = f"https://{OUTSIDE}:{MANAGEMENT_PORT}/roots/0"
    ask = ("curl", "-sS", "--fail", "--max-time", "5", "--noproxy", "*", "--cacert", str(certificate(layout)), url)
    asked = subprocess.run(layout.outside.command(*ask), capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise Problem(f"pebble does not give its root certificate: {asked.stderr.strip()}")
    return asked.stdout


def certificate(layout: Layout) -> Path:
    """The certificate of pebble's own HTTPS, which is its own authority."""
    return layout.acme / "certificate.pem"


def _ensure_certificate(layout: Layout) -> None:
    if (layout.acme / "key.pem").exists() and (layout.acme / "certificate.pem").exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The demo server's ACME server")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address(OUTSIDE))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_whole(layout.acme / "key.pem", private, 0o600)
    write_whole(layout.acme / "certificate.pem", signed.public_bytes(pem))
