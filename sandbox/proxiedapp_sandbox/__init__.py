"""A real control plane, a real Traefik and a process node on this machine, for trials, demos, tests and benchmarks."""
