"""Proxies without Kubernetes: the configuration files that the operator's decisions become, one module a proxy."""
