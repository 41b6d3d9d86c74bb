"""What each ASGI server needs behind a prefix: one file a server, one table; reading and writing command lines."""
