"""What a user must know when the sandbox cannot go on."""


class SandboxError(Exception):
    """One line that says what is wrong and how to mend it."""
