"""What keeps a container from starting."""


class NotStartableError(Exception):
    """The container has to wait: the reason is one CamelCase word as the kubelet says it, the text is for its user."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class StartError(Exception):
    """The container's process could not be started: no such program, or a mount that the machine refuses."""


class NetworkError(Exception):
    """The pods' network, or one pod's part of it, could not be made."""
