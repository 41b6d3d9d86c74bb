"""Facts: what the evidence implies, before any verdict."""

from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import SplitResult

from proxiedapp.verify.docspage import resolve_schema_url
from proxiedapp.verify.evidence import Answer, Evidence, NoAnswer, schema_of
from proxiedapp.verify.proxy import Proxy, proxy_of
from proxiedapp.verify.redirect import Redirect, slash_redirect
from proxiedapp.verify.schema import Schema
from proxiedapp.verify.target import AppAddress


class PrefixKnown(Enum):
    """Whether the app knows its prefix, judged without the servers in its schema."""

    RIGHT = auto()
    WRONG = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Facts:
    """The evidence, and what it implies."""

    evidence: Evidence
    address: AppAddress
    schema_path: str
    """The public path of the schema, as configured by the options."""
    schema_at_path: Schema | None
    docs_schema: Schema | None
    """The schema that the docs page loads."""
    doubled_schema: Schema | None
    """The schema under the doubled prefix."""
    docs_schema_url: SplitResult | None
    """The absolute URL that the docs page loads."""
    redirects: tuple[Redirect, ...]
    """The slash redirects of schema, docs page and route, in this order."""
    bare_redirect: Redirect | None
    """The redirect from the prefix to the prefix with a slash, which may be that of the proxy."""
    proxy: Proxy | None
    """The proxy in front of the app, if the responses show which one it is."""

    @property
    def schema(self) -> Schema | None:
        """The app's schema: the one at its path, else the one that the docs page loads from under the prefix."""
        url = self.docs_schema_url
        under_prefix = url is not None and self.address.contains(url.path)
        return self.schema_at_path or (self.docs_schema if under_prefix else None)

    @property
    def schema_too_large(self) -> bool:
        """Whether there is no schema because the one at its path cannot be judged."""
        reply = self.evidence.schema
        return self.schema is None and isinstance(reply, Answer) and reply.schema_too_large

    @property
    def prefix_known(self) -> PrefixKnown:
        """Whether the docs page, or else the redirects, contain the right prefix."""
        url, reply = self.docs_schema_url, self.evidence.docs_schema
        late = isinstance(reply, NoAnswer) and reply.is_late
        if url is not None and self.address.is_same_host(url) and not late:
            served = self.address.contains(url.path) and self.docs_schema is not None
            return PrefixKnown.RIGHT if served or url.path == self.schema_path else PrefixKnown.WRONG
        if not self.redirects:
            return PrefixKnown.UNKNOWN
        lost = any(redirect.wrong_prefix is not None for redirect in self.redirects)
        return PrefixKnown.WRONG if lost else PrefixKnown.RIGHT

    @property
    def first_server_path(self) -> str | None:
        """The path of the first server in the schema, empty for "/"; None if there is none on this host."""
        if self.schema is None or not self.schema.servers:
            return None
        url = self.address.resolve(self.schema.servers[0], self.schema_path)
        return url.path.rstrip("/") if url is not None and self.address.is_same_host(url) else None

    @property
    def app_declares_prefix(self) -> bool:
        """Whether the app's own routes contain the prefix and are served at exactly these paths.

        This is right if the proxy keeps the prefix and the server has no root path.
        """
        if self.schema is None or self.schema.servers or not self.schema.prefixed_count:
            return False
        as_declared = slash_redirect(self.address, self.evidence.prefixed_route_slash)
        under_prefix = slash_redirect(self.address, self.evidence.route_slash)
        undecided = as_declared is None and under_prefix is None
        return as_declared is not None or (undecided and self.prefix_known is PrefixKnown.RIGHT)


def facts_of(evidence: Evidence) -> Facts:
    """Derive the facts from the evidence."""
    address = evidence.address
    slashes = (evidence.schema_slash, evidence.docs_slash, evidence.route_slash)
    redirects = (slash_redirect(address, reply) for reply in slashes)
    bare = slash_redirect(address, evidence.bare_prefix)
    return Facts(
        evidence=evidence,
        address=address,
        schema_path=address.public_path(evidence.options.openapi_path),
        schema_at_path=schema_of(evidence.schema),
        docs_schema=schema_of(evidence.docs_schema),
        doubled_schema=schema_of(evidence.doubled_schema),
        docs_schema_url=resolve_schema_url(address, evidence.docs),
        redirects=tuple(redirect for redirect in redirects if redirect is not None),
        bare_redirect=bare if bare is not None and bare.wrong_prefix is None else None,
        proxy=proxy_of(evidence),
    )
