"""`proxiedapp dev`: apps behind a real proxy on this machine, restarted when their code changes."""
