"""Tunnels that carry the internet to a machine without an address of its own: ngrok, cloudflared, Tailscale."""
