"""A real control plane, a real Traefik and a process node on this machine: for trying, demos, tests and benchmarks."""
