"""Requests to the API server, with plain dicts for objects.

`kubernetes.aio` provides connections and credentials. Its generated models are not used: they cost three to five times
the CPU of a request without them (kubernetes 37.0.2, 125 microseconds against 432 to 584).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import aiohttp
import orjson
from kubernetes.aio.client import ApiClient

from proxiedapp.kube.errors import NotFoundError, UnavailableError, error_of
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import FIELD_MANAGER, Manifest
from proxiedapp.kube.wire import decode, decode_event, decode_object, decode_page, unreadable

PAGE_SIZE: Final = 200
"""Most objects on the first page of a list, and on any page of objects that are not small. What a page takes is not
returned to the system: with 500, a process with 1,000 apps takes 12 MiB more (measured with Python 3.11)."""
_SMALL_PAGE_BYTES: Final = 1024 * 1024
"""Bytes up to which a page may have more objects than that, so that they take no more memory: what 200 Deployments of
the operator have."""
MAX_PAGE_BYTES: Final = 8 * 1024 * 1024
"""Most bytes of one page of a list. A larger one is not read to its end, but requested again with fewer objects; an
object has at most 1.5 MiB (etcd's default for `--max-request-bytes`), so a page of a single one always fits."""
_SAMPLE_SIZE: Final = 20
_WATCH_SECONDS: Final = 270
"""Seconds after which the API server is asked to end a watch, so that its load is spread again."""
_SILENCE_SECONDS: Final = 75
"""Seconds without a byte after which a watch is opened again: the connection is dead, because the API server sends a
bookmark about once a minute."""

_JSON: Final = "application/json"
# https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
_METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
# With a charset, kubernetes.aio does not serialize the body again, which orjson did in a tenth of the time: it compares
# the whole value with application/apply-patch+yaml (37.0.2, kubernetes/aio/client/rest.py).
_APPLY: Final = "application/apply-patch+yaml; charset=utf-8"


class Api:
    """The requests that the operator makes. Each raises ApiError."""

    def __init__(
        self, client: ApiClient, *, timeout: float = 30.0, may_write: Callable[[], None] | None = None
    ) -> None:
        """`may_write` is called before each request other than GET, and raises ApiError if it must not be sent."""
        self._client = client
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._may_write = may_write
        self._page_sizes: dict[Kind, int] = {}
        """How many objects of a kind fit on a page, from its pages so far."""

    async def token(self) -> str | None:
        """Return the value of the Authorization header; kubernetes.aio reads a rotated token again."""
        token: str | None = await self._client.configuration.get_api_key_with_prefix("BearerToken")
        return token

    def watch_session(self, token: str | None, *traces: aiohttp.TraceConfig) -> aiohttp.ClientSession:
        """Return a session for watches, which do not take connections from the pool of the other requests.

        As with any request, the answer must begin within the timeout; after that, a watch may be silent for longer. The
        API server answers a watch at once, so an answer that does not begin will not come: the server was away.
        """
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._client.rest_client.ssl_context),
            headers={"Authorization": token} if token else {},
            middlewares=[self._answered_in_time],
            trace_configs=list(traces),
            trust_env=False,
        )

    async def _answered_in_time(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send a request. Raises TimeoutError if the answer does not begin in time."""
        async with asyncio.timeout(self._timeout.total):
            return await handler(request)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    @property
    def server(self) -> str:
        """Return the address of the API server."""
        return str(self._client.configuration.host)

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        """Read one object."""
        return decode_object(await self._send("GET", _path(kind, namespace, name), None, _JSON))

    async def pages(
        self, kind: Kind, namespace: str | None, selector: str = "", *, metadata_only: bool = False
    ) -> AsyncIterator[Manifest]:
        """List a kind page by page. Each page is a list object with `items` and the resourceVersion of the list.

        Raises UnavailableError with status 410 if the continue token expires: part of a list must not be used.
        """
        query = {"labelSelector": selector} if selector else {}
        accept = _METADATA_LIST if metadata_only else _JSON
        while True:
            size = self._page_sizes.get(kind, PAGE_SIZE)
            # The API server accepts another limit with the same continue token (tests/integration/test_pages.py).
            path = f"{collection(kind, namespace)}?{urlencode(query | {'limit': str(size)})}"
            try:
                most = MAX_PAGE_BYTES if size > 1 else None
                answer = await self._send("GET", path, None, _JSON, accept=accept, max_bytes=most)
            except _TooLargeError:
                self._page_sizes[kind] = max(1, size // 8)
                continue
            page = decode_page(answer)
            self._page_sizes[kind] = _next_page_size(len(answer), len(page["items"]))
            del answer
            yield page
            token = page["metadata"].get("continue")
            if not token:
                return
            query["continue"] = token

    async def watch(
        self, kind: Kind, namespace: str | None, selector: str, version: str, *, metadata_only: bool = False
    ) -> AsyncGenerator[Manifest, None]:
        """Yield the events of a watch, including bookmarks, until the server ends it or is silent.

        Raises ApiError, also for an event of type ERROR or one that cannot be read; after that, events may have been
        missed.
        """
        query = {"watch": "true", "resourceVersion": version, "labelSelector": selector, "allowWatchBookmarks": "true"}
        query["timeoutSeconds"] = str(_WATCH_SECONDS)
        url = f"{self.server}{collection(kind, namespace)}?{urlencode(query)}"
        timeout = aiohttp.ClientTimeout(
            total=_WATCH_SECONDS + 10, connect=self._timeout.total, sock_read=_SILENCE_SECONDS
        )
        try:
            headers = {"Accept": _METADATA if metadata_only else _JSON}
            async with (
                self.watch_session(await self.token()) as session,
                session.get(url, timeout=timeout, headers=headers) as response,
            ):
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise error_of(response.status, await response.read(), response.headers)
                rest = b""
                async for chunk in _until_silent(response):
                    *lines, rest = (rest + chunk).split(b"\n")
                    for event in map(decode_event, lines):
                        yield event
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(0, f"no answer from {self.server}: {str(error) or type(error).__name__}") from error

    async def sample(self, kind: Kind, namespace: str, selector: str = "", *, fields: str = "") -> list[Manifest]:
        """Return at most twenty objects that a label selector or a field selector matches."""
        selectors = {"labelSelector": selector, "fieldSelector": fields}
        query = urlencode({"limit": str(_SAMPLE_SIZE), **{name: value for name, value in selectors.items() if value}})
        page = decode_page(await self._send("GET", f"{collection(kind, namespace)}?{query}", None, _JSON))
        items: list[Manifest] = page["items"]
        return items

    async def apply(self, kind: Kind, manifest: Manifest, *, force: bool, subresource: str = "") -> Manifest:
        """Apply the fields in `manifest` as their field manager, and return the object after that."""
        metadata = manifest["metadata"]
        path = _path(kind, metadata["namespace"], metadata["name"], subresource)
        query = f"fieldManager={FIELD_MANAGER}&force={'true' if force else 'false'}"
        return decode_object(await self._send("PATCH", f"{path}?{query}", orjson.dumps(manifest), _APPLY))

    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Create an object and return it."""
        return await self.request("POST", collection(kind, manifest["metadata"]["namespace"]), manifest)

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> bool:
        """Delete the object with this uid; return whether it is gone, which its finalizers may delay.

        Raises ConflictError if another object has its name by now.
        """
        options = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        answer = await self.request("DELETE", _path(kind, namespace, name), options)
        metadata = answer.get("metadata")
        return not (isinstance(metadata, dict) and metadata.get("finalizers"))

    async def serves(self, group: str, version: str, plurals: frozenset[str]) -> bool:
        """Return whether the API server serves all these resources."""
        try:
            answer = await self.request("GET", f"/apis/{group}/{version}")
        except NotFoundError:
            return False
        resources = answer.get("resources")
        if not isinstance(resources, list):
            raise unreadable("a list of resources")
        return plurals <= {resource.get("name") for resource in resources if isinstance(resource, dict)}

    async def request(
        self, method: str, path: str, body: Manifest | bytes | None = None, content_type: str = _JSON
    ) -> Manifest:
        """Send one request and return the JSON object of the answer."""
        return decode(await self._send(method, path, body, content_type))

    def page_size(self) -> int:
        """Return how many objects of any kind that was listed fit on a page."""
        return min(self._page_sizes.values(), default=PAGE_SIZE)

    async def _send(
        self,
        method: str,
        path: str,
        body: Manifest | bytes | None,
        content_type: str,
        *,
        accept: str = _JSON,
        max_bytes: int | None = None,
    ) -> bytes:
        """Send one request and return the answer's body. Raises _TooLargeError if it has more than `max_bytes`."""
        configuration = self._client.configuration
        headers = {"Accept": accept, "Content-Type": content_type}
        if token := await self.token():
            headers["Authorization"] = token
        if method != "GET" and self._may_write is not None:
            self._may_write()  # after the token, which may take a moment to read
        try:
            response = await self._client.call_api(
                method, configuration.host + path, headers, body, _request_timeout=self._timeout
            )
            answer = await _read(response.response, max_bytes)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(0, f"no answer from {self.server}: {str(error) or type(error).__name__}") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise error_of(response.status, answer, response.headers)
        return answer


class _TooLargeError(Exception):
    """An answer has more bytes than allowed."""


async def _read(response: aiohttp.ClientResponse, max_bytes: int | None) -> bytes:
    """Return the body of a response, decompressed. Raises _TooLargeError, and the connection is closed."""
    if max_bytes is None:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            response.close()
            raise _TooLargeError
    return bytes(body)


async def _until_silent(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield what the server sends until it ends the response or sends nothing for too long."""
    while True:
        try:
            chunk = await response.content.readany()
        except TimeoutError:
            return
        if not chunk:
            return
        yield chunk


def _next_page_size(size: int, items: int) -> int:
    """Return how many objects of the average size of the last page fill half of a page, since some are larger.

    There may be more than PAGE_SIZE if they are small, but at most twice as many as on the last page.
    """
    if items == 0:
        return PAGE_SIZE
    most = max(PAGE_SIZE, min(2 * items, _SMALL_PAGE_BYTES * items // size))
    return min(most, max(1, MAX_PAGE_BYTES // 2 * items // size))


def collection(kind: Kind, namespace: str | None) -> str:
    """Return the path of the objects of a kind, in one namespace or in all."""
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    return f"{root}/namespaces/{namespace}/{kind.plural}" if namespace else f"{root}/{kind.plural}"


def _path(kind: Kind, namespace: str, name: str, subresource: str = "") -> str:
    return f"{collection(kind, namespace)}/{name}" + (f"/{subresource}" if subresource else "")
