"""The ways into a Kubernetes cluster: Ingress objects by controller, Gateway API routes, Traefik's own resources."""
