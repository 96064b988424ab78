"""Production's sidecar on a Docker host: Traefik's labels, nginx, sizes, and the steps of a deployment, one a module.

Every step runs on the operator's machine, and speaks to the Docker host through the `docker` program and to the server
through the system's `ssh` (``raven-realtime sidecar …``): the server needs nothing of ours.
"""
