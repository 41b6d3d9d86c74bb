"""Why a spec is rejected beyond its schema: one error type for conditions, the CLI and logs."""

from typing import ClassVar

from proxiedapp.api.reasons import Reason


class RejectedError(Exception):
    """The spec cannot be served as written, and retrying does not help until it or what it refers to changes.

    `field` is a path in the object, such as `spec.command`; `problem` states what is wrong and `fix` how to fix it.
    Both lack the full stop, and contain nothing that varies from pass to pass, since a new text causes a write.
    """

    reason: ClassVar[Reason] = Reason.INVALID_SPEC

    def __init__(self, field: str, problem: str, fix: str) -> None:
        super().__init__(f"{field}: {problem}. {fix}.")
        self.field = field
        self.problem = problem
        self.fix = fix


class InvalidSpecError(RejectedError):
    """The spec breaks a rule of the models; the API server may have stored it under an older schema."""


class UnknownServerError(RejectedError):
    """The command names no known server; a guess could break the app."""

    reason = Reason.UNKNOWN_SERVER


class CommandConflictError(RejectedError):
    """The user's command or environment contradicts the spec."""

    reason = Reason.COMMAND_CONFLICT


class StripModeError(RejectedError):
    """`stripPrefix` demands a strip mode in which the server cannot serve the app."""

    reason = Reason.STRIP_MODE_REFUSED


class RouteConflictError(RejectedError):
    """Another app holds a route key that this app requests."""

    reason = Reason.CONFLICT


class NotAllowedError(RejectedError):
    """No ProxyPolicy allows what the app asks for."""

    reason = Reason.NOT_ALLOWED


class MiddlewareMissingError(RejectedError):
    """The route names a Middleware that does not exist; it may be created at any time."""

    reason = Reason.MIDDLEWARE_MISSING


class ProxyUnknownError(RejectedError):
    """The operator's settings do not say which pods a NetworkPolicy must admit."""

    reason = Reason.PROXY_UNKNOWN


class CertManagerMissingError(RejectedError):
    """The cluster does not serve cert-manager's API, which the route's certificate needs."""

    reason = Reason.CERT_MANAGER_MISSING


class GatewayAPIMissingError(RejectedError):
    """The cluster does not serve Gateway API, which the route needs."""

    reason = Reason.GATEWAY_API_MISSING


class GatewayUnsupportedError(RejectedError):
    """A Gateway does not support what the route needs."""

    reason = Reason.GATEWAY_UNSUPPORTED


class TraefikMissingError(RejectedError):
    """The cluster does not serve Traefik's API, which the route needs."""

    reason = Reason.TRAEFIK_MISSING
