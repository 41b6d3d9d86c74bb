"""Why an app is started and routed as it is, in plain words, and the way of one request to it."""
