"""The ground for all code that talks to a cluster: kinds, manifests and the API client."""
