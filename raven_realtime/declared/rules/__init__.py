"""The rules: one a module, found by listing this folder. To add one, add a module with a ``RULE`` and its fixture."""
