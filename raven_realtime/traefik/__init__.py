"""Traefik as it routes: rules, routers, providers, and who gets a request."""
