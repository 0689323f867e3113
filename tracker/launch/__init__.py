"""Starts, watches and stops the processes of `make demo`, `make live` and the tests. Not for production."""
