"""The checks that ask a running path: one module a check, each with its `CHECK`."""
