"""Checks the English of pages, comments, docstrings and messages by the rules of docs/writing.md."""
