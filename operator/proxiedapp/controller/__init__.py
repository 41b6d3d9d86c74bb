"""The only code that talks to a cluster: watch edge, store, queue, apply, status, metrics, settings."""
