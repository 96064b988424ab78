"""The plain sidecar as a person starts it (section 3.2)."""

from __future__ import annotations

from demo.server import Server


def run_by_hand(server: Server, host: str, name: str, *further: str) -> None:
    """Run the seed's container for a host on a server.

    Args:
        server: where.
        host: the public name that its router claims.
        name: the container's name.
        further: options of ``docker run`` besides.
    """
    config = server.layout.folder / "seed.conf"
    config.write_text(SEED_CONF)
    labels = (
        "traefik.enable=true",
        f"traefik.http.routers.frappe-socketio.rule=Host(`{host}`) && PathPrefix(`/socket.io`)",
        "traefik.http.routers.frappe-socketio.entrypoints=websecure",
        "traefik.http.routers.frappe-socketio.tls.certresolver=myresolver",
        "traefik.http.services.frappe-socketio.loadbalancer.server.port=80",
    )
    server.docker(
        *("run", "--detach", "--name", name, "--restart", "unless-stopped", *further),
        *("--volume", f"{config}:/etc/nginx/nginx.conf:ro"),
        *(word for label in labels for word in ("--label", label)),
        server.image,
    )


SEED_CONF = """\
events { worker_connections 1024; }

http {
  upstream socketio_backend {
    server 172.17.0.1:9000;
  }

  server {
    listen 80;

    location /socket.io/ {
      proxy_pass http://socketio_backend;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_read_timeout 86400;
      proxy_send_timeout 86400;
      proxy_buffering off;
    }
  }
}
"""
"""Seed, section 3.2, with its own correction of the port."""
