"""Why a reply allows no verdict: the reasons of findings that are not judged."""

from http import HTTPStatus
from typing import Final

from proxiedapp.verify.evidence import Answer, NoAnswer, Reply
from proxiedapp.verify.finding import excerpt
from proxiedapp.verify.target import AppAddress

TOO_LARGE: Final = "the schema is too large to judge"


def why_unanswered(reply: Reply | None) -> str:
    """Return why there is no response."""
    return reply.as_text() if isinstance(reply, NoAnswer) else "it was not requested"


def why_inconclusive(address: AppAddress, answer: Answer) -> str:
    """Return why a response proves nothing about the app."""
    returned = f"GET {answer.path} returned {answer.status}"
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return f"{returned}: too many requests"
    if answer.is_denied:
        return f"{returned}: access is restricted"
    if answer.is_redirect:
        url = address.resolve(answer.location, answer.path)
        if url is not None and (url.scheme, url.path) == ("https", answer.path) and address.scheme == "http":
            return f"{returned}, a redirect to https: check the https URL instead"
        return f"{returned}, a redirect to {excerpt(answer.location)}"
    if answer.is_not_found:
        return f"{returned}: it is disabled or served at another path"
    return returned
