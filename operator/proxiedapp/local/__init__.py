"""What needs no cluster: what can be known about ProxiedApps from their files."""
