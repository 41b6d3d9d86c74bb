"""The operator as a process: settings, assembly, workers, Lease, health endpoints and logs."""
