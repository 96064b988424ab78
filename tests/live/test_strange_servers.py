"""Whatever answers, a check ends in time, in little memory, with a code."""

from __future__ import annotations

import asyncio
import datetime
import resource
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from raven_realtime.live.checks import connect, handshake, session, tls, upgrade
from raven_realtime.live.engineio import GOODBYE_SECONDS, Session
from raven_realtime.live.target import Place, Target
from tests.live import strange_servers as strange

LIMIT = 1.0

HANDSHAKES = {
    "accepts and is silent": (strange.silent, "RT038"),
    "headers drop by drop": (strange.tarpit, "RT038"),
    "a body drop by drop": (strange.slow_body, "RT038"),
    "an endless body": (strange.endless_body, "RT037"),
    "100 MB": (strange.hundred_megabytes, "RT037"),
    "an endless header": (strange.endless_header, "RT037"),
    "another protocol": (strange.garbage, "RT037"),
    "hangs up": (strange.hangs_up, "RT037"),
    "a packed bomb": (strange.packed_bomb, "RT037"),
    "redirects to itself": (strange.redirects, "RT040"),
}


@pytest.mark.parametrize(("behaviour", "code"), HANDSHAKES.values(), ids=HANDSHAKES.keys())
def test_handshake(behaviour: strange.Behaviour, code: str) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    with strange.serving(behaviour) as port:
        result = asyncio.run(handshake.check(Target.parse(f"127.0.0.1:{port}", timeout=LIMIT)))
    assert [finding.code for finding in result.findings] == [code], result
    # A silent one is asked once more, at the path that a proxy may have taken away.
    assert time.monotonic() - started < 2 * LIMIT + 1.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 60_000


@pytest.mark.parametrize("check", [upgrade.check, connect.check])
def test_a_websocket_that_never_answers(check: object) -> None:
    with strange.serving(strange.never_probes) as port:
        result = asyncio.run(check(Target.parse(f"127.0.0.1:{port}", timeout=LIMIT)))  # type: ignore[operator]
    assert [finding.code for finding in result.findings] == ["RT038"], result


def test_a_deadline_that_falls_into_the_goodbye_loses_no_answer() -> None:
    async def opened(target: Target) -> str:
        async with Session(target) as session:
            await session.open()
            await asyncio.sleep(target.timeout - GOODBYE_SECONDS / 2)
        return session.sid

    with strange.serving(strange.opens_only) as port:
        assert asyncio.run(opened(Target.parse(f"127.0.0.1:{port}", timeout=LIMIT))).startswith("abcdefgh")


ELSEWHERE = {
    "no such name": ("https://no-such-host.invalid", Place.PUBLIC, "RT034"),
    "nobody on the port": ("http://127.0.0.1:1", Place.PUBLIC, "RT035"),
    "nobody on the origin's port": ("http://127.0.0.1:1", Place.ORIGIN, "RT002"),
    "a name of the machine itself": ("http://chat.localhost:1", Place.PUBLIC, "RT035"),
}


@pytest.mark.parametrize(("url", "place", "code"), ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_nobody_there(url: str, place: Place, code: str) -> None:
    started = time.monotonic()
    result = asyncio.run(handshake.check(Target.parse(url), place))
    assert [finding.code for finding in result.findings] == [code], result
    assert time.monotonic() - started < 9


def certificate(folder: Path, *, name: str = "chat.example.com", days: int = 1) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS with a certificate of its own, and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "cert.pem", folder / "key.pem"
    file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return context, file


def answers(connection: object) -> None:
    connection.recv(4096)  # type: ignore[attr-defined]
    connection.sendall(strange.head(Content_Length=len(strange.OPEN)) + strange.OPEN)  # type: ignore[attr-defined]


TLS = {
    "signed by nobody known": ({}, {}, "RT036"),
    "for another name": ({"name": "elsewhere.example"}, {"trusted": True}, "RT036"),
    "expired": ({"days": -1}, {"trusted": True}, "RT036"),
    "trusted by --ca": ({}, {"trusted": True}, ""),
    "taken by --insecure": ({"name": "elsewhere.example", "days": -1}, {"insecure": True}, ""),
}


@pytest.mark.parametrize(("wanted", "options", "code"), TLS.values(), ids=TLS.keys())
def test_certificates(tmp_path: Path, wanted: dict[str, object], options: dict[str, bool], code: str) -> None:
    context, file = certificate(tmp_path, **wanted)  # type: ignore[arg-type]
    with strange.serving(answers, context) as port:
        target = Target.parse(
            f"https://chat.example.com:{port}",
            resolve="127.0.0.1",
            ca=file if options.get("trusted") else None,
            insecure=options.get("insecure", False),
        )
        result = asyncio.run(handshake.check(target))
    assert [finding.code for finding in result.findings if finding.code != "RT017"] == ([code] if code else []), result


def test_a_port_that_speaks_no_tls() -> None:
    with strange.serving(answers) as port:
        target = replace(Target.parse(f"https://127.0.0.1:{port}"), timeout=LIMIT)
        result = asyncio.run(handshake.check(target))
    assert [finding.code for finding in result.findings] == ["RT036"], result


def test_the_doctor_names_the_url_of_a_port_that_speaks_no_tls() -> None:
    with strange.serving(answers) as port:
        result = asyncio.run(tls.check(Target.parse(f"https://127.0.0.1:{port}")))
    assert result.summary.startswith(f"port {port} does not speak TLS (")
    assert f"`raven-realtime doctor http://127.0.0.1:{port}`" in result.findings[0].todo


def test_an_upgrade_that_is_not_answered_is_not_the_whole_paths_silence() -> None:
    with strange.serving(strange.opens_only) as port:
        result = asyncio.run(upgrade.check(Target.parse(f"127.0.0.1:{port}", timeout=LIMIT)))
    assert [finding.code for finding in result.findings] == ["RT025"], result


@pytest.mark.parametrize(("cuts", "codes"), [(1, []), (1000, ["RT037"])], ids=["once", "always"])
def test_an_answer_that_is_cut_is_a_fault_only_when_it_is_cut_again(cuts: int, codes: list[str]) -> None:
    with strange.serving(strange.CutsOnce(cuts)) as port:
        result = asyncio.run(session.check(Target.parse(f"127.0.0.1:{port}", timeout=5.0)))
    assert [finding.code for finding in result.findings] == codes, result
