"""Runs Pulumi for the preview of a pull request; what the report says is `raven_realtime.declared.preview`."""
