"""What a pull request would do to a stack, as a Markdown report: made of two previews, of its base and of its head.

`plan` reads a preview's events, `changes` compares two plans, `places` finds the line to correct, `report` writes.
Pure functions all; `gate/preview_report.py` runs the engine.
"""
