"""Pulumi components of the realtime path: what exists after `pulumi up`."""
