"""Tests that share the deployed prod stack; a package, so that pytest takes it down when it leaves this folder."""
