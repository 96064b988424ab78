"""The substitute for the official docker plugin, as the engine starts it."""

from toolchain.plugins.docker.bridged import main

main()
