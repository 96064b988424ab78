"""Policies that can correct a resource: one a module, found by listing this folder. Off unless set to ``remediate``."""
