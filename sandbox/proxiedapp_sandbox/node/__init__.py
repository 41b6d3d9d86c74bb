"""The process node: scheduler and kubelet over a real API server, for pods that are processes of this host.

Each pod has a network namespace and an address of its own on the sandbox's bridge. Each of its containers is a process
tree with its own PID namespace and its own root file system, which is the host's files under an overlay (the package
`shim`). So Deployments become Available and traffic flows from end to end, through a proxy that is not on loopback. The
node must run as root, or as root of a user namespace that has the bridge in it (`unshare -Urnm`).

The node does less than a kubelet. It does not support:

* images and registries (an image is a folder), cgroup limits, users and the rest of security contexts except
  readOnlyRootFilesystem, NetworkPolicy, cluster IPs of services, and DNS;
* exec and port-forward, postStart hooks, gRPC probes, redirects of HTTP probes, events, ephemeral containers,
  shareProcessNamespace, and rotation of logs;
* volumes other than emptyDir, persistentVolumeClaim (a folder, while the claim stays Pending), configMap, secret,
  downwardAPI and projected, and updates of ConfigMaps and Secrets in
  running pods;
* taints, affinity and resource requests when it schedules.

A process that does not handle SIGTERM ignores it, as the first process of every container does (`pid_namespaces(7)`),
and is killed after the grace period.
"""
