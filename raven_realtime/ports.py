"""The ports, which live here and nowhere else; whoever needs only them does not load the settings."""

from __future__ import annotations

WEB_PORT = 8000
"""Frappe's web process."""
MULTIPLEXER_PORT = 8005
"""The sandbox's nginx, in front of web and Socket.IO."""
SOCKETIO_PORT = 9000
"""Frappe's realtime process: the single source of truth."""
PUBLIC_TLS_PORT = 443
"""Where the local tunnel listens if it may: the only port frappe-react-sdk treats as "no port" (RT017)."""
FALLBACK_TLS_PORT = 8443
"""Where the local tunnel listens if 443 is taken or not permitted."""
SOCKET_TUNNEL_PORT = 8444
"""Where the second local tunnel of the two-tunnels topology listens."""
NGROK_API_PORT = 4040
"""The agent's local API (ngrok documentation, "Agent API")."""
SIDECAR_PORT = 80
"""What the sidecar listens on inside its container."""
