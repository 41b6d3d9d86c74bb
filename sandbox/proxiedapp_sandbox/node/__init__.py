"""The process node: scheduler and kubelet over a real API server, for pods that are processes of this machine.

Each pod has a network namespace and an address of its own on the sandbox's bridge; each of its containers is a process
tree with a PID namespace and a root file system of its own: the machine's files under an overlay (launcher.py). So
Deployments become Available and traffic flows from end to end, with a proxy that is not on loopback. It needs root, or
to be root of a user namespace that has the bridge in it (`unshare -Urnm`).

What a kubelet does and this does not: images and registries (an image is a folder), cgroup limits, users and the rest
of security contexts except readOnlyRootFilesystem, NetworkPolicy, the cluster addresses of services and names by DNS,
exec and port-forward, postStart hooks, gRPC probes, events, ephemeral containers, shareProcessNamespace, volumes beyond
emptyDir, configMap, secret, downwardAPI and projected, news of ConfigMaps and Secrets for running pods, rotation of
logs, and taints, affinity and resources when it schedules. A process that does not handle SIGTERM ignores it, as the
first process of any container does, and is killed after the grace period.
"""
