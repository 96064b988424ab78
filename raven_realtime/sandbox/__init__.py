"""What the sandbox's commands do on the machine: supervisor, nginx, certificate, tunnel, bench.

The Pulumi components declare; this package does. Everything it writes lies below one folder (`Places`).
"""
