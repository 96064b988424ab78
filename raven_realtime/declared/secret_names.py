"""What keys, variables and options are called that hold a secret."""

from __future__ import annotations

import re

WORDS = r"(?:pass(?:word|wd)|secret|token|api[_-]?key|private[_-]?key|encryption[_-]?key)"
"""A regular expression, for any case: what such a name ends with, in every style of writing names."""
ENDING = re.compile(rf"(?i){WORDS}$")
"""Found in a name that says that it holds one: `ngrokAuthtoken`, `API_KEY`."""
