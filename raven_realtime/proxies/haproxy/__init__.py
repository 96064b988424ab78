"""HAProxy: what it does with a request, told from haproxy.cfg."""
