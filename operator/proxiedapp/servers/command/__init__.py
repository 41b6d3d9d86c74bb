"""Reads and writes the command line that starts a server."""
