"""Which certificate resolvers a static configuration of Traefik declares, as file or as words."""

from __future__ import annotations

import pytest

from raven_realtime.sidecar import resolvers

FILES = {
    "YAML": ("certificatesResolvers:\n  myresolver:\n    acme:\n      email: a@example.com\n", "myresolver"),
    "YAML, several, quoted, with comments": (
        "# certificatesResolvers:\ncertificatesResolvers: # two\n    'le':\n        acme: {}\n\n"
        '    # old:\n    "My-Second": # second\n        acme: {}\nproviders:\n    docker: {}\n',
        "le my-second",
    ),
    "YAML in lower case, Windows' line ends": ("certificatesresolvers:\r\n  le:\r\n    acme: {}\r\n", "le"),
    "YAML, in braces": ("certificatesResolvers: {le: {acme: {}}}\n", "le"),
    "not YAML": ("certificatesResolvers: {le: {acme: {}\n", ""),
    "YAML, merged from elsewhere": ("certificatesResolvers:\n  <<: *others\n  le:\n    acme: {}\n", ""),
    "YAML without any": ("providers:\n  docker:\n    network: le\n", ""),
    "TOML": ('[certificatesResolvers.le.acme]\n  email = "a@example.com"\n', "le"),
    "TOML, nested": (
        "[certificatesResolvers]\n  [certificatesResolvers.le] # one\n    [certificatesResolvers.le.acme]\n"
        '  [certificatesResolvers."two".acme]\n[providers.docker]\n',
        "le two",
    ),
    "nothing": ("", ""),
}
WORDS = {
    "command line": ("--certificatesresolvers.le.acme.email=a@example.com\n--providers.docker\n", "le"),
    "its case": ("--certificatesResolvers.LE.acme.storage=/le.acme.json\n", "le"),
    "a name with a line below": ("--certificatesresolvers.my_resolver.acme.tlschallenge\n", "my_resolver"),
    "environment": ("TRAEFIK_CERTIFICATESRESOLVERS_LE_ACME_DNSCHALLENGE_PROVIDER=acme\nPATH=/bin\n", "le"),
    "no Traefik": ("sleep\n600\nHOME=/root\n", ""),
}


@pytest.mark.parametrize("name", FILES)
def test_a_static_file(name: str) -> None:
    text, wanted = FILES[name]
    assert resolvers.in_file(text, f"traefik.{'toml' if 'TOML' in name else 'yml'}") == wanted.split()


@pytest.mark.parametrize("name", WORDS)
def test_words(name: str) -> None:
    text, wanted = WORDS[name]
    assert resolvers.in_words(text.splitlines()) == wanted.split()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        pytest.param(["traefik", "--configFile=/etc/t.yml", "--log"], "/etc/t.yml", id="one word"),
        pytest.param(["traefik", "--configfile", "/etc/t.yml"], "/etc/t.yml", id="two words"),
        pytest.param(["traefik", "--log"], "", id="none"),
    ],
)
def test_the_named_file(words: list[str], wanted: str) -> None:
    assert resolvers.named_file(words) == wanted
