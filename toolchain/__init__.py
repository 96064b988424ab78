"""How `pulumi` and what the project needs beside it come to a machine that reaches only package registries.

Whoever has Pulumi needs nothing of this. Everything here is standard library until the virtual environment exists;
everything it writes lies in the git-ignored folders named in :mod:`toolchain.places`.
"""
