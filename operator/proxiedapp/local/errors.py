"""Why a command cannot do on this machine what it was asked to do."""


class LocalError(Exception):
    """The message is one line that says what is wrong, where, and how to fix it; it lacks the full stop."""


def reason_of(error: OSError) -> str:
    """Return the system's words for an error, as a part of a sentence."""
    return (error.strerror or str(error)).lower()
