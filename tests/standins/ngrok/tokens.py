"""Tokens for tests: what a well-formed one looks like, and one that the account no longer knows."""

from __future__ import annotations

import re

WELL_FORMED = re.compile(r"[A-Za-z0-9]{20,}_[A-Za-z0-9]{20,}")

VALID = "2standinAccountOfTheTests0_7validTokenThatIsNobodysReally"
REVOKED = "2standinAccountOfTheTests0_7revokedTokenOfNobodyAtAllNow"
MALFORMED = "not-a-token"
