"""The error that ends the operator."""


class FatalError(Exception):
    """The operator cannot start or cannot continue.

    The text is one line for the administrator of the cluster: what is wrong and how to fix it. The process prints it
    and ends with exit status 1, so that Kubernetes restarts the container.
    """
