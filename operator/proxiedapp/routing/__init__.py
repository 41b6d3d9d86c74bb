"""Where an app is served: route keys and claims, the rule with its priority, and the writers of proxy objects."""
