"""Who owns what of a host behind Traefik, and whether `/socket.io` has one owner.

`sources` reads files, a Docker host or Traefik's API into a table; `owners` answers for a host; `text`, `document` and
`drawing` say it; `ownership` judges it, before a deployment and after.
"""
