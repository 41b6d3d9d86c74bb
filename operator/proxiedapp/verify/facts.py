"""What the answers say, read once: schema, docs page and slash redirects side by side."""

from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import SplitResult

from proxiedapp.verify.docspage import loaded_url
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
    place: AppAddress
    schema_path: str
    """The public path of the schema, as the options have it."""
    at_its_path: Schema | None
    loaded: Schema | None
    """What the docs page loads."""
    doubled: Schema | None
    """What stands under the doubled prefix."""
    loads: SplitResult | None
    """The URL that the docs page loads, resolved."""
    redirects: tuple[Redirect, ...]

    @property
    def schema(self) -> Schema | None:
        """The app's schema: at its path, or where the docs page has it under the prefix."""
        elsewhere = self.loaded if self.loads is not None and self.place.holds(self.loads.path) else None
        return self.at_its_path or elsewhere

    @property
    def told(self) -> PrefixKnown:
        """Whether docs page or else redirects have the prefix right."""
        loaded = self.evidence.loaded
        late = isinstance(loaded, NoAnswer) and loaded.is_late
        if self.loads is not None and self.place.is_here(self.loads) and not late:
            path = self.loads.path
            right = path == self.schema_path or (self.place.holds(path) and self.loaded is not None)
            return PrefixKnown.RIGHT if right else PrefixKnown.WRONG
        if not self.redirects:
            return PrefixKnown.UNKNOWN
        return PrefixKnown.WRONG if any(one.prefix is not None for one in self.redirects) else PrefixKnown.RIGHT

    @property
    def carrying(self) -> tuple[str, ...]:
        """The schema's paths that begin with the prefix themselves."""
        if self.schema is None or not self.place.prefix:
            return ()
        return tuple(path for path in self.schema.paths if self.place.holds(path))

    @property
    def serves_as_listed(self) -> bool:
        """Whether app and proxy agree that the app's own routes carry the prefix and nobody adds it."""
        if self.schema is None or self.schema.servers or not self.carrying:
            return False
        listed, added = (
            slash_redirect(self.place, reply) for reply in (self.evidence.listed_slash, self.evidence.route_slash)
        )
        undecided = listed is None and added is None
        return listed is not None or (undecided and self.told is PrefixKnown.RIGHT)


def read(evidence: Evidence) -> Facts:
    """Read all answers."""
    place = evidence.place
    slashes = (evidence.schema_slash, evidence.docs_slash, evidence.route_slash)
    return Facts(
        evidence=evidence,
        place=place,
        schema_path=place.public(evidence.options.openapi_path),
        at_its_path=schema_of(evidence.schema),
        loaded=schema_of(evidence.loaded),
        doubled=schema_of(evidence.doubled),
        loads=loaded_url(place, evidence.docs),
        redirects=tuple(found for reply in slashes if (found := slash_redirect(place, reply)) is not None),
    )


def alike(place: AppAddress, one: Reply | None, other: Reply | None) -> bool:
    """Whether two answers came from the same place, as far as can be seen; each may name the path it was asked for."""
    return isinstance(one, Answer) and isinstance(other, Answer) and _kind(place, one) == _kind(place, other)


def _kind(place: AppAddress, answer: Answer) -> tuple[int, str, str, bytes]:
    own = answer.path.removeprefix(place.prefix).strip("/")
    body = answer.body.replace(answer.path.encode(), b"").replace(own.encode(), b"") if own else answer.body
    return answer.status, answer.content_type, answer.server, body
