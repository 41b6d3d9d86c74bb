"""What an answer of the API server means: one class for each way in which the caller must react."""

from collections.abc import Mapping
from typing import Final

import orjson

_REFUSALS: Final = (
    "denied the request",
    "failed to create typed patch object",
    "field not declared in schema",
    "request is too large",
    "trying to send message larger than max",
)
"""Parts of messages with which the API server refuses a request for good, whatever the status.

A webhook chooses the status of its denial (Kubernetes 1.36, admission/plugin/webhook/errors/statuserror.go of the
apiserver module). The others come with status 500: a field that the schema of the kind lacks, as where a CRD is older
than we expect, and an object that is larger than etcd, or its client, accepts (measured with Kubernetes 1.36.3).
"""


class ApiError(Exception):
    """A request to the API server failed. Raised only as one of its subclasses, which say whether retrying helps."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        retry_after: float | None = None,
        fields: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status; 0 if there was no answer."""
        self.message = message
        self.retry_after = retry_after
        """Seconds after which the API server asks to retry; None if it does not say."""
        self.fields = fields
        """Paths of the fields that the answer names as causes."""


class NotFoundError(ApiError):
    """The object or its kind does not exist (404). Retrying helps only after it was created."""


class ConflictError(ApiError):
    """The object is not in the state that the request requires, or another field manager owns a field (409).

    Retrying the same request does not help; read the object first.
    """


class RefusedError(ApiError):
    """The API server refused the request, as invalid, forbidden or too large.

    It answers with another status of 400 and more, or with 500 and a message that says so. Retrying does not help soon:
    the request, a permission, a quota or an admission webhook must change first.
    """


class NamespaceTerminatingError(RefusedError):
    """The namespace is being deleted, so nothing can be created in it (403). Retrying does not help."""


class UnavailableError(ApiError):
    """There was no answer, or one that asks the client to retry (401, 408, 410, 429, 500, 502 to 504).

    Retrying helps. After a write, it is unknown whether the write took place.
    """


def error_of(status: int, body: bytes, headers: Mapping[str, str]) -> ApiError:
    """Return the error that an answer with a status of 400 or more means."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = {}
    if not isinstance(answer, dict):
        answer = {}
    message = str(answer.get("message") or body[:256].decode(errors="replace") or f"HTTP {status}")
    details = answer.get("details")
    listed = details.get("causes") if isinstance(details, dict) else None
    causes = [cause for cause in listed if isinstance(cause, dict)] if isinstance(listed, list) else []
    fields = frozenset(str(cause["field"]) for cause in causes if cause.get("field"))
    if any(words in message for words in _REFUSALS):
        return RefusedError(status, message, fields=fields)
    match status:
        case 404:
            return NotFoundError(status, message)
        case 409:
            return ConflictError(status, message, fields=fields)
        case 401 | 408 | 410 | 429 | 500 | 502 | 503 | 504:
            after = headers.get("Retry-After", "")
            return UnavailableError(status, message, retry_after=float(after) if after.isdecimal() else None)
        case 403 | 405 if "custom resource definition is terminating" in message:
            # Only the text distinguishes this answer, which changes to 404 within seconds (Kubernetes 1.36,
            # apiextensions-apiserver/pkg/apiserver/customresource_handler.go).
            return UnavailableError(status, message)
        case 403 if any(cause.get("reason") == "NamespaceTerminating" for cause in causes):
            # Kubernetes 1.36, apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go.
            return NamespaceTerminatingError(status, message)
        case _:
            return RefusedError(status, message, fields=fields)
