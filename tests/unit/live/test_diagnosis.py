"""What a walk adds up to: which cause may explain what was seen outside, and the remedy of each stack that was seen."""

from __future__ import annotations

import pytest

from raven_realtime.findings import explain
from raven_realtime.live import Outcome, Result
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.text import closing
from raven_realtime.live.target import Credentials, Target


def diagnosis(*results: Result) -> Diagnosis:
    return Diagnosis(Target.parse("https://chat.example.com"), results, 0.0, 1.0)


def seen(check: str, code: str = "", stack: str = "", outcome: Outcome | None = None) -> Result:
    """Return a check's result: with a finding, or passed."""
    found = (explain(code).found("seen"),) if code else ()
    result = Result.of(check, "said", *found, stack=stack)
    return result if outcome is None else Result(check, outcome, "said", found)


PORT_3000 = seen("configuration", "RT018")
FEW = seen("configuration", "RT029", outcome=Outcome.WARN)
UNKNOWN = seen("upstream", outcome=Outcome.NOT_CHECKED)


OUTER = {
    "502": seen("handshake", "RT002", "nginx"),
    "502 of Traefik": seen("handshake", "RT002", "traefik"),
    "404 of the web": seen("handshake", "RT001", "frappe"),
    "a login": seen("handshake", "RT026"),
    "a wiki": seen("handshake", "RT005", "nginx"),
}
IDLE = Result("configuration", Outcome.WARN, "said", FEW.findings, {"listens": False})
"""A small nginx that does not run: whatever fails, it is not full."""
STOPPED = Result.of("containers", "said", explain("RT002").found("seen", hop="proxy", causes=("RT002",)))
NO_ROUTER, TIE = seen("routers", "RT001", "traefik"), seen("routers", "RT101", "traefik")


@pytest.mark.parametrize(
    ("outer", "inner", "behind", "code"),
    [
        ("502", (FEW,), seen("upstream"), "RT029"),
        ("502", (FEW,), seen("upstream", "RT002"), "RT002"),
        ("502", (FEW,), UNKNOWN, "RT002"),
        ("502 of Traefik", (IDLE,), seen("upstream"), "RT002"),
        ("502 of Traefik", (STOPPED, FEW), seen("upstream"), "RT002"),
        ("502", (PORT_3000,), seen("upstream", "RT002"), "RT018"),
        ("502", (PORT_3000,), seen("upstream", "RT003"), "RT018"),
        ("502", (PORT_3000,), UNKNOWN, "RT018"),
        ("502 of Traefik", (PORT_3000,), seen("upstream", "RT002"), "RT002"),
        ("404 of the web", (PORT_3000,), seen("upstream", "RT001"), "RT018"),
        ("404 of the web", (PORT_3000,), seen("upstream", "RT002"), "RT001"),
        ("404 of the web", (PORT_3000,), UNKNOWN, "RT001"),
        ("404 of the web", (NO_ROUTER, PORT_3000), seen("upstream", "RT001"), "RT001"),
        ("404 of the web", (TIE, PORT_3000), seen("upstream", "RT002"), "RT101"),
        ("a login", (PORT_3000,), seen("upstream", "RT026"), "RT018"),
        ("a wiki", (PORT_3000,), seen("upstream", "RT005"), "RT018"),
        ("a wiki", (PORT_3000,), seen("upstream", "RT002"), "RT005"),
    ],
)
def test_the_verdict_is_the_outermost_real_fault(
    outer: str, inner: tuple[Result, ...], behind: Result, code: str
) -> None:
    verdict = diagnosis(OUTER[outer], *inner, behind).verdict
    assert verdict is not None
    assert verdict[1].code == code


@pytest.mark.parametrize(
    ("code", "results", "heading"),
    [
        ("RT005", (seen("routers", stack="traefik"),), "On Traefik:"),
        ("RT003", (seen("edge", stack="nginx"),), "On nginx:"),
        ("RT002", (Result.of("containers", "said", stacks=["traefik", "frappe_docker"]),), "On frappe_docker:"),
        ("RT002", (seen("ports", stack="bench"),), "On bench:"),
        ("RT017", (seen("edge", stack="ngrok"),), "On ngrok:"),
    ],
)
def test_each_stacks_remedy_is_given_where_it_was_seen(code: str, results: tuple[Result, ...], heading: str) -> None:
    for walked, expected in (((*results,), True), ((), False)):
        verdict = diagnosis(seen("handshake", code), *walked).verdict
        assert verdict is not None
        assert (heading in verdict[1].todo) is expected, verdict[1].todo


@pytest.mark.parametrize(
    ("code", "stack", "heading"),
    [
        ("RT018", "bench", "On bench:"),
        ("RT101", "traefik", "On Traefik:"),
        ("RT003", "frappe_docker", "On frappe_docker:"),
        ("RT030", "nginx", "On nginx:"),
        ("RT028", "ngrok", "On ngrok:"),
    ],
)
def test_the_stack_that_a_check_names_itself(code: str, stack: str, heading: str) -> None:
    found = explain(code).found("seen", stack=stack)
    verdict = diagnosis(Result.of("handshake", "said", found)).verdict
    assert verdict is not None
    assert verdict[1].todo.startswith(found.entry.remedy.rstrip())
    assert heading in verdict[1].todo


def test_a_remedy_for_the_system_at_hand_is_kept() -> None:
    found = explain("RT018").found("seen", remedy="Do just this.", stack="bench")
    verdict = diagnosis(Result.of("handshake", "said", found)).verdict
    assert verdict is not None
    assert verdict[1].todo.startswith("Do just this.\n\nOn bench:")


def test_a_stopped_container_is_the_verdict_and_its_part_is_broken() -> None:
    walked = diagnosis(OUTER["502 of Traefik"], STOPPED, FEW, seen("upstream"))
    assert walked.verdict is not None
    assert walked.verdict[0] == "containers"
    assert [part for part, state in walked.path.items() if state == "broken"] == ["proxy"]
    assert walked.sentence.endswith("the proxy (nginx: the sidecar, the multiplexer or the bench's own) is at fault.")
    assert "  at fault  the proxy (nginx" in closing(walked)


@pytest.mark.parametrize(
    ("code", "url", "site", "said"),
    [
        ("RT001", "https://c.example", "", "`raven-realtime check handshake https://c.example`"),
        ("RT025", "http://c.example:81", "", "`raven-realtime check upgrade http://c.example:81`"),
        ("RT012", "https://c.example", "", "curl -i https://c.example/api/method/"),
        ("RT033", "https://c.example:8443", "", '"https://c.example:8443/api/method/'),
        ("RT034", "https://c.example", "", "`dig c.example A c.example AAAA @SERVER`"),
        ("RT036", "https://c.example:8443", "", "-connect c.example:8443 -servername c.example "),
        ("RT043", "https://c.example", "s.local", "bench --site s.local execute"),
        ("RT043", "https://c.example", "", "bench --site SITE execute"),
        ("RT009", "https://c.example", "", "without `--site NAME` that is"),
        ("RT020", "https://c.example", "", "redis://HOST:PORT"),
        ("RT021", "https://c.example", "", "redis-cli -u URL"),
    ],
)
def test_what_is_known_stands_in_the_commands(code: str, url: str, site: str, said: str) -> None:
    results = (seen("handshake", code, "frappe"),)
    verdict = Diagnosis(Target.parse(url, site=site), results, 0.0, 1.0).verdict
    assert verdict is not None
    assert said in " ".join(verdict[1].todo.split()), verdict[1].todo


@pytest.mark.parametrize(
    ("unasked", "credentials", "said"),
    [
        ("room", None, True),
        ("event", None, True),
        ("event", Credentials(sid="a"), False),
        ("http2", None, False),
    ],
)
def test_healthy_says_what_an_account_would_show(unasked: str, credentials: Credentials | None, said: bool) -> None:
    target = Target.parse("https://c.example", credentials=credentials)
    results = (seen("handshake"), seen(unasked, outcome=Outcome.NOT_CHECKED))
    assert (
        "with an account: raven-realtime doctor https://c.example --ask"
        in closing(Diagnosis(target, results, 0.0, 1.0))
    ) is said


def test_the_labels_name_the_host() -> None:
    verdict = Diagnosis(Target.parse("https://c.example"), (seen("handshake", "RT001", "traefik"),), 0.0, 1.0).verdict
    assert verdict is not None
    assert "rule=Host(`c.example`) && PathPrefix" in verdict[1].todo


def test_a_remedy_for_the_system_at_hand_needs_no_other_stacks() -> None:
    found = explain("RT001").found("seen", remedy="Do just this.")
    verdict = diagnosis(seen("edge", stack="traefik"), Result.of("handshake", "said", found)).verdict
    assert verdict is not None
    assert verdict[1].todo == "Do just this."


@pytest.mark.parametrize(
    ("results", "asked"),
    [
        ((seen("handshake", "RT002"),), True),
        ((seen("tcp", "RT035"),), True),
        ((seen("tls", "RT036"),), False),
        ((seen("handshake", "RT017"),), True),
        ((seen("handshake"),), True),
        ((seen("handshake"), seen("listening")), False),
        ((seen("handshake", "RT002"), seen("listening", outcome=Outcome.NOT_CHECKED)), False),
    ],
    ids=[
        "broken",
        "nothing answers",
        "the certificate",
        "only a warning",
        "healthy",
        "healthy inside",
        "it was looked at",
    ],
)
def test_the_next_step_is_a_look_from_inside(results: tuple[Result, ...], asked: bool) -> None:
    walked = Diagnosis(Target.parse("https://c.example", site="s.local"), results, 0.0, 1.0)
    assert ("doctor https://c.example --site s.local --inside --bench DIR" in closing(walked)) is asked


def test_a_warning_is_named_where_no_hop_is_broken() -> None:
    walked = diagnosis(seen("handshake", "RT017"), seen("room", outcome=Outcome.NOT_CHECKED))
    assert walked.healthy
    assert walked.verdict is not None
    assert walked.verdict[1].code == "RT017"
    assert walked.warnings == ()
    assert walked.sentence == ("No hop is broken, but: RT017 The public URL has a port of its own. Not checked: room.")
    assert "broken" not in walked.path.values()
    assert closing(walked).startswith(walked.sentence + "\n  concerns  the edge")
