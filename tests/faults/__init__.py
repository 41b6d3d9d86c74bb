"""Generated faults against the engine with a cluster in memory: plans, a driver that carries them out, an oracle."""
