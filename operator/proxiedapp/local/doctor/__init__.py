"""What prevents a cluster, or one app, from serving a route: conclusions from objects that were read before."""
