"""The requests of one check: which paths, in which order, and what follows from the first responses.

Requests go to the target's own host and under its prefix only, whatever the app's responses name. Two requests go
beside the prefix, to random paths that no app has. No handler of the app runs but those of schema, docs page, the root,
extra paths, and one style sheet or script that such a page loads.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from proxiedapp.verify.client import MAX_BODY, MAX_PEEK, Client, open_client
from proxiedapp.verify.docspage import resolve_schema_url
from proxiedapp.verify.evidence import Answer, Cause, Evidence, Extra, NoAnswer, Reply, schema_of
from proxiedapp.verify.forgery import forged_request_headers, trusted_headers
from proxiedapp.verify.pagelinks import doubled_link, page_file, pages_of
from proxiedapp.verify.redirect import slash_redirect
from proxiedapp.verify.schema import toggle_slash
from proxiedapp.verify.target import WEBSOCKET, VerifyOptions, VerifyTarget, parse_target

_FINAL_CAUSES: Final = {Cause.CERTIFICATE, Cause.TLS, Cause.CONNECTION}
"""After one of these, every other request would fail in the same way."""


async def collect(target: VerifyTarget, options: VerifyOptions, *, seconds: float) -> Evidence:
    """Send all requests of a check, within `seconds`; raises InvalidTargetError, and nothing else."""
    address = parse_target(target)
    async with open_client(target, address, seconds) as client:
        schema = await client.get(address.public_path(options.openapi_path), limit=MAX_BODY)
        evidence = Evidence(target, options, address, seconds, schema)
        if isinstance(schema, NoAnswer) and schema.cause in _FINAL_CAUSES:
            return evidence
        evidence = await _request_fixed_paths(evidence, client)
        evidence = await _request_named_paths(evidence, client)
        return evidence if target.direct else await _request_with_forged_headers(evidence, client)


async def _request_fixed_paths(evidence: Evidence, client: Client) -> Evidence:
    """Request what does not depend on any response."""
    address, options = evidence.address, evidence.options
    prefix = address.prefix
    schema_at, docs_at = address.public_path(options.openapi_path), address.public_path(options.docs_path)
    behind_proxy = bool(prefix) and not evidence.target.direct
    unknown = f"/{secrets.token_hex(8)}/nowhere"
    parent = prefix.rpartition("/")[0]
    (
        docs,
        unknown_path,
        outside_prefix,
        schema_slash,
        docs_slash,
        doubled_schema,
        neighbouring_path,
        bare_prefix,
        slashed_prefix,
    ) = await asyncio.gather(
        client.get(docs_at),
        client.get(address.public_path(unknown)),
        client.get_beside(f"{parent}{unknown}" if behind_proxy else None),
        client.get(toggle_slash(schema_at)),
        client.get(toggle_slash(docs_at)),
        client.get_if(address.public_path(schema_at) if prefix else None, limit=MAX_BODY),
        client.get_beside(f"{prefix}-{secrets.token_hex(8)}" if behind_proxy else None),
        client.get_if(prefix if behind_proxy else None),
        client.get_if(f"{prefix}/" if behind_proxy else None),
    )
    extras = await asyncio.gather(*(_request_extra(path, client) for path in options.extra_paths))
    return replace(
        evidence,
        docs=docs,
        unknown_path=unknown_path,
        outside_prefix=outside_prefix,
        schema_slash=schema_slash,
        docs_slash=docs_slash,
        doubled_schema=doubled_schema,
        neighbouring_path=neighbouring_path,
        bare_prefix=bare_prefix,
        slashed_prefix=slashed_prefix,
        extras=tuple(extras),
    )


async def _request_extra(path: str, client: Client) -> Extra:
    """Request an extra path, and if it is a docs page, the schema that the page loads."""
    public = client.address.public_path(path.removeprefix(WEBSOCKET))
    if path.startswith(WEBSOCKET):
        return Extra(path, await client.upgrade(public))
    reply = await client.get(public, limit=MAX_BODY if path.endswith("/openapi.json") else MAX_PEEK)
    return Extra(path, reply, await _request_docs_schema(reply, client) if path.endswith("/docs") else None)


async def _request_docs_schema(docs: Reply | None, client: Client, schema: Reply | None = None) -> Reply | None:
    """Request the schema that a docs page loads, if it is on this host and under the prefix.

    `schema` is what was returned for the schema before; it is not requested again if the path is the same.
    """
    url = resolve_schema_url(client.address, docs)
    if url is None or not client.address.is_same_host(url):
        return None
    path = url.path + (f"?{url.query}" if url.query else "")
    return schema if schema is not None and path == schema.path else await client.get_if(path, limit=MAX_BODY)


async def _request_named_paths(evidence: Evidence, client: Client) -> Evidence:
    """Request what the first responses name: the schema that the docs page loads, and a route from the schema."""
    address = evidence.address
    docs_schema = await _request_docs_schema(evidence.docs, client, evidence.schema)
    schema = schema_of(evidence.schema) or schema_of(docs_schema) or schema_of(evidence.doubled_schema)
    route = None if schema is None else schema.route
    slash = None if route is None else toggle_slash(route)
    prefixed = route is not None and address.prefix and address.contains(route)
    absent = all(
        isinstance(reply, Answer) and (reply.is_not_found or reply.is_server_error)
        for reply in (evidence.schema, evidence.docs)
    )
    route_slash, prefixed_route_slash, prefix_root = await asyncio.gather(
        client.get_if(None if slash is None else address.public_path(slash)),
        client.get_if(slash if prefixed else None),
        client.get_if(address.public_path("/") if absent else None),
    )
    evidence = replace(
        evidence,
        docs_schema=docs_schema,
        route_slash=route_slash,
        prefixed_route_slash=prefixed_route_slash,
        prefix_root=prefix_root,
    )
    pages = pages_of(evidence)
    file = page_file(address, pages)
    doubled, file_reply = await asyncio.gather(
        client.get_if(doubled_link(address, pages)), client.get_if(None if file is None else file.path)
    )
    return replace(evidence, doubled_link=doubled, page_file=file_reply)


async def _request_with_forged_headers(evidence: Evidence, client: Client) -> Evidence:
    """Repeat three requests with forged headers.

    The schema comes last, and only if the docs page does not already prove the fault: a FastAPI before 0.132.1 that
    trusts a forged root path keeps it in the schema for all clients (FastAPI's release notes, 0.132.1).
    """
    redirect = slash_redirect(evidence.address, evidence.schema_slash)
    headers = forged_request_headers(redirect.scheme if redirect and redirect.scheme else evidence.address.scheme)
    forged_slash, forged_docs = await asyncio.gather(
        _repeat(evidence.schema_slash, headers, client),
        _repeat(evidence.docs, headers, client, only_ok=True),
    )
    evidence = replace(evidence, forged_slash=forged_slash, forged_docs=forged_docs)
    honest_docs = evidence.docs
    proven = (
        isinstance(honest_docs, Answer)
        and isinstance(forged_docs, Answer)
        and any(trusted_headers(honest_docs, forged_docs))
    )
    if proven:
        return evidence
    return replace(evidence, forged_schema=await _repeat(evidence.schema, headers, client, only_ok=True))


async def _repeat(
    reply: Reply | None, headers: Mapping[str, str], client: Client, *, only_ok: bool = False
) -> Reply | None:
    """Request a path again with more headers; None if it was not answered, or with `only_ok`, not by a 200."""
    if not isinstance(reply, Answer) or (only_ok and not reply.is_ok):
        return None
    return await client.get(reply.path, limit=MAX_BODY, headers=headers)
