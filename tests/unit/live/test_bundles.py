"""Which lines of a page's scripts are an address that the page made itself, and which are the libraries' own."""

from __future__ import annotations

import pytest

from raven_realtime.live.answer import Answer
from raven_realtime.live.bundles import MOST_SCRIPTS, judge, scripts

# the line as it is in the script, and the code of what it is
LINES = {
    "plain http": ('io("http://"+location.hostname+"/"+e)', "RT015"),
    "a port behind the host": ('io(window.location.hostname+":9000")', "RT015"),
    "no colon": ('fetch("https://"+location.hostname+"9000/socket.io")', "RT015"),
    "a template": ("io(`https://${location.hostname}:9000`)", "RT015"),
    "another bench's port": ('io(location.host+":9001")', "RT016"),
    "as it should be": ('io(window.location.origin,{path:"/socket.io/"})', None),
    "frappe-react-sdk's": (
        'let r=window.location.hostname,n=window.location.port?":"+(t??9000):"",o=`${n?"http":"https"}://${r}${n}/${e}`',
        None,
    ),
    "the desk's": ('let t=window.location.origin;if(window.dev_server){let e=t.split(":");t=t+":"+(r||"9000")}', None),
    "an example in a comment": ('* const socket = io("http://localhost:3000");', None),
}


@pytest.mark.parametrize(("line", "code"), LINES.values(), ids=LINES.keys())
def test_line(line: str, code: str | None) -> None:
    found = judge(b"x" * 100 + b";" + line.encode() + b";" + b"y" * 100, "https://chat.example.com/app.js")
    assert (found and found.code) == code
    if found:
        assert "https://chat.example.com/app.js holds" in found.evidence


def test_scripts_of_the_page_s_own_origin() -> None:
    page = b"<script src=/a.js></script><script type=module src='b.js?v=1'></script><script>1</script>"
    page += b'<script src="https://cdn.example.com/c.js"></script><script src="/a.js"></script>'
    page += b"".join(b"<script src=/%d.js></script>" % number for number in range(20))
    found = scripts(Answer(200, {}, page), "https://chat.example.com/")
    assert found[:2] == ["https://chat.example.com/a.js", "https://chat.example.com/b.js?v=1"]
    assert len(found) == MOST_SCRIPTS
    assert not any("cdn" in each for each in found)
