"""Generated faults between the operator, a process of its own, and a real API server."""
