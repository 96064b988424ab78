"""What to do, with the names of the system that was asked."""

from __future__ import annotations

import pytest

from raven_realtime.findings import explain
from raven_realtime.live import remedy
from raven_realtime.live.result import Result
from raven_realtime.live.target import Target

URL = "https://chat.example.org:8443"


@pytest.mark.parametrize(
    ("code", "stack", "site", "wanted"),
    [
        ("RT036", "", "", "`openssl s_client -connect chat.example.org:8443 -servername chat.example.org <"),
        ("RT034", "", "", "`dig chat.example.org A chat.example.org AAAA @SERVER`"),
        ("RT009", "nginx", "raven", "`proxy_set_header X-Frappe-Site-Name raven;`"),
        ("RT009", "nginx", "", "`proxy_set_header X-Frappe-Site-Name SITE;`"),
    ],
)
def test_names_are_filled_in(code: str, stack: str, site: str, wanted: str) -> None:
    result = Result.of("connect (public)", "said", explain(code).found("seen", stack=stack))
    (found,) = remedy.for_target(result, Target.parse(URL, site=site)).findings
    assert wanted in found.todo


def test_words_for_the_system_at_hand_stay() -> None:
    result = Result.of("tls", "said", explain("RT036").found("seen", remedy="Ask `HOST`."))
    assert remedy.for_target(result, Target.parse(URL)) == result
