"""What a spec can get wrong beyond its schema: one error type that a condition, the CLI and a log can print."""

from typing import ClassVar

from proxiedapp.api.reasons import Reason


class RejectedError(Exception):
    """The spec cannot be served as written; nothing changes until it, or what it refers to, changes.

    `field` is the path in the object (`spec.command`), `problem` says what is wrong and `fix` how to mend it,
    both as sentences without names that vary from pass to pass.
    """

    reason: ClassVar[Reason] = Reason.INVALID_SPEC

    def __init__(self, field: str, problem: str, fix: str) -> None:
        super().__init__(f"{field}: {problem}. {fix}.")
        self.field = field
        self.problem = problem
        self.fix = fix


class InvalidSpecError(RejectedError):
    """The models refuse what the API server once stored, or still holds, under an older schema."""


class UnknownServerError(RejectedError):
    """No server we know is named in the command; guessing would serve a broken app."""

    reason = Reason.UNKNOWN_SERVER


class CommandConflictError(RejectedError):
    """The user's own command or environment says something else than the spec."""

    reason = Reason.COMMAND_CONFLICT


class StripModeError(RejectedError):
    """`stripPrefix` forces what the server cannot serve."""

    reason = Reason.STRIP_MODE_REFUSED


class RouteConflictError(RejectedError):
    """Another app is served where this one asks to be."""

    reason = Reason.CONFLICT


class MiddlewareMissingError(RejectedError):
    """The route names a middleware that is not there; somebody may make it at any time."""

    reason = Reason.MIDDLEWARE_MISSING


class ProxyUnknownError(RejectedError):
    """Nobody told the operator whom a NetworkPolicy shall let in."""

    reason = Reason.PROXY_UNKNOWN


class CertManagerMissingError(RejectedError):
    """The cluster has no place to ask for the certificate that the route needs."""

    reason = Reason.CERT_MANAGER_MISSING


class TraefikMissingError(RejectedError):
    """The cluster has no place to write the route to."""

    reason = Reason.TRAEFIK_MISSING
