"""ProxiedApp: FastAPI apps behind a proxy, under a path prefix, on Kubernetes."""
