"""A substitute for the official docker plugin, over the Docker SDK: see ``bridged``."""
