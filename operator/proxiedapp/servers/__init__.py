"""What each ASGI server needs to run behind a path prefix: one file per server, and one table."""
