"""The knowledge behind Raven Realtime: settings, routing, hops, findings, the doctor.

Nothing in this package imports Pulumi: it is what `pip install raven-realtime` brings.
"""
