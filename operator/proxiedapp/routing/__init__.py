"""Where an app is served: the rule, its priority, and Traefik's objects for it."""
