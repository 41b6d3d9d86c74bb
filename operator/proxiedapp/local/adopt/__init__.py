"""The ProxiedApp that replaces plain manifests, what it cannot carry over, and how to switch without a lost request."""
