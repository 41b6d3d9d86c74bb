"""The error that commands of the sandbox report to the user."""


class SandboxError(Exception):
    """The sandbox cannot continue; the message is one line with the problem and its fix."""
