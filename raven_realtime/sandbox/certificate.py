"""The local tunnel's certificate: self-signed, for loopback's names only, made at provisioning."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from raven_realtime.sandbox.places import Places
from raven_realtime.sandbox.whole_file import write_whole

VALID = dt.timedelta(days=397)
"""The longest life that browsers accept (CA/Browser Forum, Baseline Requirements 6.3.2)."""
RENEW_BEFORE = dt.timedelta(days=30)
NAMES = ("localhost", "*.localhost")


def ensure(places: Places) -> bool:
    """Make the certificate and its key unless there is one that lasts another month.

    Returns:
        Whether a new one was made.
    """
    if is_good(places.certificate) and places.certificate_key.exists():
        return False
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Raven Realtime sandbox on this machine")])
    now = dt.datetime.now(dt.UTC)
    loopback = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([*(x509.DNSName(n) for n in NAMES), *loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_whole(places.certificate_key, private, 0o600)
    write_whole(places.certificate, certificate.public_bytes(pem))
    return True


def is_good(file: Path) -> bool:
    """Tell whether the file holds a certificate that is valid for another month."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return False
    return certificate.not_valid_after_utc - RENEW_BEFORE > dt.datetime.now(dt.UTC)
