"""Each answer of the API server becomes the error class that says whether and when to retry."""

import json

import pytest

from proxiedapp.kube.errors import (
    ApiError,
    ConflictError,
    NamespaceTerminatingError,
    NotFoundError,
    RefusedError,
    UnavailableError,
    error_of,
)


def answer(message: str = "no", causes: list[dict[str, str]] | None = None) -> bytes:
    return json.dumps({"kind": "Status", "message": message, "details": {"causes": causes or []}}).encode()


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        pytest.param(400, RefusedError, id="400 bad request"),
        pytest.param(401, UnavailableError, id="401 the token may have been rotated"),
        pytest.param(403, RefusedError, id="403 forbidden or over quota"),
        pytest.param(404, NotFoundError, id="404 not found"),
        pytest.param(409, ConflictError, id="409 conflict"),
        pytest.param(410, UnavailableError, id="410 the continue token has expired"),
        pytest.param(413, RefusedError, id="413 too large"),
        pytest.param(422, RefusedError, id="422 invalid"),
        pytest.param(429, UnavailableError, id="429 too many requests"),
        pytest.param(500, UnavailableError, id="500 internal"),
        pytest.param(503, UnavailableError, id="503 unavailable"),
        pytest.param(504, UnavailableError, id="504 timeout"),
    ],
)
def test_status_decides_the_class(status: int, meaning: type[ApiError]) -> None:
    error = error_of(status, answer("the reason"), {})
    assert (type(error), error.status, str(error)) == (meaning, status, "the reason")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7.0), ({}, None), ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None)],
    ids=["seconds", "absent", "a date"],
)
def test_retry_after_is_read_if_it_is_in_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert error_of(429, answer(), headers).retry_after == seconds


def test_fields_named_as_causes_are_kept() -> None:
    causes = [{"reason": "FieldValueInvalid", "field": "metadata.uid"}, {"reason": "Other"}]
    assert error_of(422, answer(causes=causes), {}).fields == {"metadata.uid"}


def test_terminating_namespace_has_a_class_of_its_own() -> None:
    causes = [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]
    assert isinstance(error_of(403, answer(causes=causes), {}), NamespaceTerminatingError)


@pytest.mark.parametrize("status", [403, 405])
def test_terminating_crd_is_worth_a_retry(status: int) -> None:
    message = "a is forbidden: create not allowed while custom resource definition is terminating"
    assert type(error_of(status, answer(message), {})) is UnavailableError


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(
            500,
            "failed to create typed patch object (a/b; traefik.io/v1alpha1, Kind=IngressRoute): "
            ".spec.ingressClassName: field not declared in schema",
            id="a CRD without a field of ours",
        ),
        pytest.param(500, "failed to create typed patch object: .spec.x: expected string, got &{1}", id="another type"),
        pytest.param(500, "etcdserver: request is too large", id="above etcd's limit"),
        pytest.param(500, "rpc error: trying to send message larger than max (1 vs. 2)", id="above its client's limit"),
        *(
            pytest.param(code, 'admission webhook "a.b" denied the request: no', id=f"denied with {code}")
            for code in (400, 404, 409, 429, 500, 503)
        ),
    ],
)
def test_refusal_is_recognized_by_its_words(status: int, message: str) -> None:
    assert type(error_of(status, answer(message), {})) is RefusedError


def test_webhook_that_is_down_is_worth_a_retry() -> None:
    message = 'Internal error occurred: failed calling webhook "a.b": connection refused'
    assert type(error_of(500, answer(message), {})) is UnavailableError


@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b"[]", b"null", b"\xff"], ids=repr)
def test_answer_that_is_not_a_status_has_a_message(body: bytes) -> None:
    error = error_of(502, body, {})
    assert isinstance(error, UnavailableError)
    assert str(error)
