"""The sandbox's files: where they lie, how they are written, how long the certificate lasts."""

from __future__ import annotations

import configparser
import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from supervisor.options import ServerOptions

from raven_realtime.problem import Problem
from raven_realtime.sandbox import certificate, incarnation
from raven_realtime.sandbox.places import SOCKET_PATH_LIMIT, Places
from raven_realtime.sandbox.supervisor import Program, configuration
from raven_realtime.sandbox.whole_file import write_whole


def test_too_deep_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=f"Linux accepts {SOCKET_PATH_LIMIT}. Move the project to a shorter path"):
        Places.at(tmp_path / ("d" * SOCKET_PATH_LIMIT))


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_is_written_whole_with_its_mode(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "folder" / "file"
    for text in ("first", "second"):
        write_whole(file, text, mode)
        assert (file.read_text(), file.stat().st_mode & 0o777) == (text, mode)
    assert list(file.parent.iterdir()) == [file]


def test_a_certificate_is_made_once_and_only_its_owner_reads_the_key(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert [certificate.ensure(places), certificate.ensure(places)] == [True, False]
    assert places.certificate_key.stat().st_mode & 0o777 == 0o600
    made = x509.load_pem_x509_certificate(places.certificate.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == list(certificate.NAMES)
    assert made.not_valid_after_utc - dt.datetime.now(dt.UTC) < dt.timedelta(days=398)
    ssl.create_default_context(cafile=places.certificate).load_cert_chain(places.certificate, places.certificate_key)


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_made_anew(tmp_path: Path, content: str) -> None:
    places = Places(tmp_path)
    write_whole(places.certificate, content)
    assert certificate.ensure(places)
    assert certificate.is_good(places.certificate)


@pytest.mark.parametrize(("content", "number"), [(None, 0), ("", 0), ("three", 0), ("3\n", 3)])
def test_the_recorded_life(tmp_path: Path, content: str | None, number: int) -> None:
    places = Places(tmp_path)
    if content is not None:
        places.incarnation.write_text(content)
    assert incarnation.recorded(places) == number
    assert incarnation.expected(places) == number + 1, "nothing runs, so the next life is wanted"


def test_what_supervisor_would_expand_is_kept_from_it() -> None:
    """supervisor expands ``%(…)s`` in its files."""
    parser = configparser.RawConfigParser()
    program = Program("x", ("serve", "100%", "a b"), Path("/p%"), {"KEY": "50%"})
    parser.read_string(program.section(Places(Path("/s"))) + configuration(Places(Path("/s%"))))
    section = parser["program:x"]
    assert section["command"].endswith("-- serve 100%% 'a b'")
    assert (section["directory"], section["environment"]) == ("/p%%", 'KEY="50%%"')
    assert parser["unix_http_server"]["chmod"] == "0600"
    assert "%%" in parser["supervisord"]["pidfile"]


@pytest.mark.parametrize("folder", ["plain", "my projects", "it's", "bücher", "100%", "[my] projects*"])
def test_supervisor_finds_the_programs_wherever_the_checkout_lies(tmp_path: Path, folder: str) -> None:
    places = Places(tmp_path / folder)
    places.logs.mkdir(parents=True)
    places.programs.mkdir()
    (places.programs / "x.conf").write_text(Program("x", ("true",), places.root, {}).section(places))
    places.supervisor_conf.write_text(configuration(places))
    options = ServerOptions()
    options.realize(["-c", str(places.supervisor_conf)], doc=__doc__)
    (group,) = options.process_group_configs
    (process,) = group.process_configs
    assert (process.name, process.stdout_logfile) == ("x", str(places.logs / "x.log"))
