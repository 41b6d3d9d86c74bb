"""Reasons why a container cannot start."""


class NotStartableError(Exception):
    """The container cannot start yet. `reason` is one of the kubelet's CamelCase reasons; `message` is for the user."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class StartError(Exception):
    """The container's process could not start: the program does not exist, or the kernel refused a mount."""


class NetworkError(Exception):
    """The pods' network, or one pod's part of it, could not be created."""
