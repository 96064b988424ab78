"""How the linter's report is written: one module a format, each with ``write(report)``.

Only the one that is asked for is imported.
"""
