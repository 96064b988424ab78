"""What production needs on the Docker host: Traefik's labels, sizes, and the scripts that run there.

The scripts are plain `sh` and need `docker` only, so that they run on a server which has nothing of ours installed.
"""
