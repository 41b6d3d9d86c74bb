"""The children of a ProxiedApp: pure builders, one module per kind, and one function that returns them all."""
