"""Mending what is found, in the user's own files: the smallest change of the text, everything else kept byte for byte.

A mend is never believed: the changed text is read and judged again, in memory, before a file is written. It is taken
only if the finding is gone and nothing new is said. Each module but `nginx_text` and `command` knows one syntax.
"""
