"""Substitutes for official provider plugins, a folder each, and what they share.

A substitute stands in where the official plugin cannot be downloaded. It must not be kinder than the original: it
checks, diffs and previews every resource of the official schema, creates the ones this project uses, and refuses by
name what it does not do. Tests hold each against the official schema and documentation.
"""
