"""How `pulumi` and what the project needs beside it come to a machine that reaches only package registries.

Whoever has Pulumi needs nothing of this. Everything here is standard library until the virtual environment exists;
everything it writes lies in the git-ignored folders named in :mod:`toolchain.places`.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (said before a module fails on what older Pythons do not know)
    sys.exit(f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}.")
