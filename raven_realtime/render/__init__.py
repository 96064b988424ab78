"""``raven-realtime render``: complete configurations for those who install them by hand."""
