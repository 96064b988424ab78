"""Traefik as it routes: rules, routers, providers, and who gets a request.

From configuration to an answer: `compose`, `file`, `dockerhost` and `static` read; `containers` makes a provider's
contribution of labels; `table.assemble` joins contributions to a `Table` (`api.read_api` reads one from a running
Traefik); `decide.route` says which router gets a request, `claims.claimants` which routers ever could.
"""
