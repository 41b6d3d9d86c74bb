"""Plain manifests: a Deployment, its Service and its routes, written without a ProxiedApp."""
