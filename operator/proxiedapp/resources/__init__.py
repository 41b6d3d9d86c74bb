"""The children of a ProxiedApp: pure builders, one file a kind, one function that returns the whole desired set."""
