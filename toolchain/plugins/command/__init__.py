"""A substitute for the official `command` plugin: commands run here or over SSH in the life cycle of resources."""
