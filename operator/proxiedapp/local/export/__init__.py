"""The files with which apps run behind a proxy without Kubernetes: of the proxy, and of what starts it and them."""
