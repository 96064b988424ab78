"""Prometheus metrics of the realtime path, seen from outside as the doctor sees it."""
