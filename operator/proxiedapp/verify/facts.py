"""What the answers say, read once: schema, docs page and slash redirects side by side."""

from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import SplitResult

from proxiedapp.verify.docspage import resolve_schema_url
from proxiedapp.verify.evidence import Answer, Evidence, NoAnswer, Reply
from proxiedapp.verify.redirect import Redirect, slash_redirect
from proxiedapp.verify.schema import Schema, schema_of
from proxiedapp.verify.target import AppAddress


class PrefixKnown(Enum):
    """Whether the app knows its prefix, going by other signs than the schema's servers."""

    RIGHT = auto()
    WRONG = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Facts:
    """Evidence, and what follows from it without a verdict."""

    evidence: Evidence
    address: AppAddress
    schema_path: str
    """The public path of the schema, as the options have it."""
    schema_at_path: Schema | None
    docs_schema: Schema | None
    """What the docs page loads."""
    doubled_schema: Schema | None
    """What stands under the doubled prefix."""
    docs_schema_url: SplitResult | None
    """The URL that the docs page loads, resolved."""
    redirects: tuple[Redirect, ...]

    @property
    def schema(self) -> Schema | None:
        """The app's schema: at its path, or where the docs page has it under the prefix."""
        elsewhere = (
            self.docs_schema
            if self.docs_schema_url is not None and self.address.contains(self.docs_schema_url.path)
            else None
        )
        return self.schema_at_path or elsewhere

    @property
    def prefix_known(self) -> PrefixKnown:
        """Whether docs page or else redirects have the prefix right."""
        docs_schema = self.evidence.docs_schema
        late = isinstance(docs_schema, NoAnswer) and docs_schema.is_late
        if self.docs_schema_url is not None and self.address.is_same_host(self.docs_schema_url) and not late:
            path = self.docs_schema_url.path
            right = path == self.schema_path or (self.address.contains(path) and self.docs_schema is not None)
            return PrefixKnown.RIGHT if right else PrefixKnown.WRONG
        if not self.redirects:
            return PrefixKnown.UNKNOWN
        return PrefixKnown.WRONG if any(one.wrong_prefix is not None for one in self.redirects) else PrefixKnown.RIGHT

    @property
    def prefixed_paths(self) -> tuple[str, ...]:
        """The schema's paths that begin with the prefix themselves."""
        if self.schema is None or not self.address.prefix:
            return ()
        return tuple(path for path in self.schema.paths if self.address.contains(path))

    @property
    def app_declares_prefix(self) -> bool:
        """Whether app and proxy agree that the app's own routes carry the prefix and nobody adds it."""
        if self.schema is None or self.schema.servers or not self.prefixed_paths:
            return False
        listed, added = (
            slash_redirect(self.address, reply)
            for reply in (self.evidence.prefixed_route_slash, self.evidence.route_slash)
        )
        undecided = listed is None and added is None
        return listed is not None or (undecided and self.prefix_known is PrefixKnown.RIGHT)


def facts_of(evidence: Evidence) -> Facts:
    """Read all answers."""
    address = evidence.address
    slashes = (evidence.schema_slash, evidence.docs_slash, evidence.route_slash)
    return Facts(
        evidence=evidence,
        address=address,
        schema_path=address.public_path(evidence.options.openapi_path),
        schema_at_path=schema_of(evidence.schema),
        docs_schema=schema_of(evidence.docs_schema),
        doubled_schema=schema_of(evidence.doubled_schema),
        docs_schema_url=resolve_schema_url(address, evidence.docs),
        redirects=tuple(found for reply in slashes if (found := slash_redirect(address, reply)) is not None),
    )


def same_responder(address: AppAddress, one: Reply | None, other: Reply | None) -> bool:
    """Whether two answers came from the same place, as far as can be seen; each may name the path it was asked for."""
    return isinstance(one, Answer) and isinstance(other, Answer) and _kind(address, one) == _kind(address, other)


def _kind(address: AppAddress, answer: Answer) -> tuple[int, str, str, bytes]:
    own = answer.path.removeprefix(address.prefix).strip("/")
    body = answer.body.replace(answer.path.encode(), b"").replace(own.encode(), b"") if own else answer.body
    return answer.status, answer.content_type, answer.server, body
