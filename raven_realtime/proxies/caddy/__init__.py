"""Caddy: what it does with a request, told from a Caddyfile, from its JSON, or from a Caddyfile of Caddy 1."""
