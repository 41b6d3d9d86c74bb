"""The terms of the Kubernetes API, and the client: what everything that talks to a cluster is built on."""
