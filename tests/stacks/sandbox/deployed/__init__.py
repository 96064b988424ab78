"""Tests that share one deployed sandbox; a package, so that pytest takes it down when it leaves this folder."""
