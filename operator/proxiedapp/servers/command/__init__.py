"""Reads the command line that starts a server, and writes it with additions."""
