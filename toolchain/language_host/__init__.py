"""A language host for Python programs, policy packs and plugins, on the gRPC stubs that Pulumi's own SDK ships.

The official host is not to be had from package registries. This one serves what the engine asks for when it runs
Python: programs, policy packs, plugins in Python, installing their dependencies. It generates no code.
"""
