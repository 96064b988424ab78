"""Where the requests for a host go, and whether `/socket.io` has one owner.

`sources` reads files, a Docker host or Traefik's API into a world; `roads` follows requests through it, each a journey;
`text`, `document` and `drawing` say it; `ownership` judges a deployment, before it and after.
"""
