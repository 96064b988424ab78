"""Proxies that write nginx's configuration: nginx-proxy for containers, and nginx-proxy-manager."""
