"""Requests to the API server: `kubernetes.aio` for connection and credentials, plain dicts for objects.

The generated models are left out on purpose: they cost three to five times the CPU of a whole request.
"""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import aiohttp
import orjson
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import ApiClient, Configuration

from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import FIELD_MANAGER, Manifest

PAGE_SIZE: Final = 500
CONNECTIONS: Final = 32
_SOME: Final = 20
_WATCH_SECONDS: Final = 270

_JSON: Final = "application/json"
# The charset keeps kubernetes.aio from serialising the body again: orjson already did, in a tenth of the time.
_APPLY: Final = "application/apply-patch+yaml; charset=utf-8"


class ApiError(Exception):
    """The API server's answer was not the one asked for. `status` 0: there was no answer."""

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
        self.message = message
        self.retry_after = retry_after
        self.fields = fields
        """Paths of the fields that the answer names as causes."""


class NotFoundError(ApiError):
    """The object, or its kind, does not exist."""


class ConflictError(ApiError):
    """The object is not in the state that the request demanded, or another manager owns a field."""


class RefusedError(ApiError):
    """Trying again soon will not help: invalid, forbidden, too large."""


class NamespaceTerminatingError(RefusedError):
    """The namespace is being deleted: nothing can be made in it any more, and what is in it goes too."""


class UnavailableError(ApiError):
    """No answer, or one that asks to come back: worth trying again. After a write, whether it happened is unknown."""


def error_of(status: int, body: bytes, headers: Mapping[str, str]) -> ApiError:
    """Return what an answer with a status of 400 or more means."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = {}
    if not isinstance(answer, dict):
        answer = {}
    message = str(answer.get("message") or body[:256].decode(errors="replace") or f"HTTP {status}")
    causes = (answer.get("details") or {}).get("causes") or []
    fields = frozenset(cause["field"] for cause in causes if cause.get("field"))
    match status:
        case 404:
            return NotFoundError(status, message)
        case 409:
            return ConflictError(status, message, fields=fields)
        case 401 | 408 | 410 | 429 | 500 | 502 | 503 | 504:
            after = headers.get("Retry-After", "")
            return UnavailableError(status, message, retry_after=float(after) if after.isdigit() else None)
        case 403 | 405 if "custom resource definition is terminating" in message:
            return UnavailableError(status, message)  # no other word says so; soon there is another answer
        case 403 if any(cause.get("reason") == "NamespaceTerminating" for cause in causes):
            return NamespaceTerminatingError(status, message)
        case _:
            return RefusedError(status, message, fields=fields)


async def connect(kubeconfig: Path | None, *, connections: int = CONNECTIONS) -> ApiClient:
    """Return a client for the cluster: the given kubeconfig, else the pod's own account, else the default kubeconfig.

    Each of the at most `connections` open connections costs a quarter of a MiB, which asyncio's TLS sets aside.
    Raises kubernetes.aio.config.ConfigException where no configuration can be read.
    """
    configuration = Configuration()
    if kubeconfig is None and _in_a_pod():
        kubernetes_config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    else:
        await kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]
            _existing(kubeconfig), client_configuration=configuration
        )
    # Looking for proxy settings in the environment costs 0.6 ms of CPU in each request.
    configuration.connection_pool_maxsize = connections
    configuration.client_session_kwargs = {"trust_env": False}
    return ApiClient(configuration)


def _in_a_pod() -> bool:
    return Path("/var/run/secrets/kubernetes.io/serviceaccount/token").exists()


def _existing(kubeconfig: Path | None) -> str:
    """Return the kubeconfig, or the list of them that KUBECONFIG may be; raises ConfigException if there is none."""
    files = str(kubeconfig) if kubeconfig is not None else kubernetes_config.KUBE_CONFIG_DEFAULT_LOCATION
    if not any(Path(file).expanduser().exists() for file in files.split(os.pathsep)):
        raise kubernetes_config.ConfigException(f"no kubeconfig at {files}")
    return files


class Api:
    """The few requests we make; each raises ApiError."""

    def __init__(
        self, client: ApiClient, *, timeout: float = 30.0, may_write: Callable[[], None] | None = None
    ) -> None:
        """`may_write` is called before each request that is no GET, and raises ApiError where it must not be made."""
        self._client = client
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._may_write = may_write

    async def token(self) -> str | None:
        """Return the value of the Authorization header, read anew if the token rotates."""
        token: str | None = await self._client.configuration.get_api_key_with_prefix("BearerToken")
        return token

    def watch_session(self, token: str | None, *traces: aiohttp.TraceConfig) -> aiohttp.ClientSession:
        """Return a session for endless watches, apart from the pool of the requests."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._client.rest_client.ssl_context),
            headers={"Authorization": token} if token else {},
            trace_configs=list(traces),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    @property
    def server(self) -> str:
        """Return the address of the API server."""
        return str(self._client.configuration.host)

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        """Read one object."""
        return await self.request("GET", _path(kind, namespace, name))

    async def pages(self, kind: Kind, namespace: str | None, selector: str = "") -> AsyncIterator[Manifest]:
        """List a kind page by page; each page is a list object with `items` and the list's resourceVersion.

        A list that outlives its continue token ends in an error with status 410, as it must: half a list is no list.
        """
        query = {"limit": str(PAGE_SIZE)} | ({"labelSelector": selector} if selector else {})
        while True:
            page = await self.request("GET", f"{collection(kind, namespace)}?{urlencode(query)}")
            yield page
            token = page["metadata"].get("continue")
            if not token:
                return
            query["continue"] = token

    async def watch(
        self, kind: Kind, namespace: str | None, selector: str, version: str
    ) -> AsyncGenerator[Manifest, None]:
        """Yield a watch's events, bookmarks among them, until the server ends it, as it does now and then.

        Raises ApiError, also for one that the watch tells of; then what is known may be out of date.
        """
        query = {"watch": "true", "resourceVersion": version, "labelSelector": selector, "allowWatchBookmarks": "true"}
        query["timeoutSeconds"] = str(_WATCH_SECONDS)
        url = f"{self.server}{collection(kind, namespace)}?{urlencode(query)}"
        timeout = aiohttp.ClientTimeout(total=_WATCH_SECONDS + 10, connect=self._timeout.total)
        try:
            async with self.watch_session(await self.token()) as session, session.get(url, timeout=timeout) as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise error_of(response.status, await response.read(), response.headers)
                rest = b""
                async for chunk in response.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for event in map(orjson.loads, lines):
                        if event["type"] == "ERROR":
                            raise error_of(event["object"]["code"], orjson.dumps(event["object"]), {})
                        yield event
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(0, f"no answer from {self.server}: {str(error) or type(error).__name__}") from error

    async def some(self, kind: Kind, namespace: str, selector: str) -> list[Manifest]:
        """Return the first objects that a selector takes, for a look rather than for an account."""
        query = urlencode({"limit": str(_SOME), "labelSelector": selector})
        page = await self.request("GET", f"{collection(kind, namespace)}?{query}")
        items: list[Manifest] = page["items"]
        return items

    async def apply(self, kind: Kind, manifest: Manifest, *, force: bool, subresource: str = "") -> Manifest:
        """Apply the fields in `manifest` as ours, and return the object as it then stands."""
        metadata = manifest["metadata"]
        path = _path(kind, metadata["namespace"], metadata["name"], subresource)
        query = f"fieldManager={FIELD_MANAGER}&force={'true' if force else 'false'}"
        return await self.request("PATCH", f"{path}?{query}", orjson.dumps(manifest), _APPLY)

    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Create an object."""
        return await self.request("POST", collection(kind, manifest["metadata"]["namespace"]), manifest)

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """Delete this very object; a successor of the same name stays, and raises ConflictError."""
        options = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        await self.request("DELETE", _path(kind, namespace, name), options)

    async def serves(self, group: str, version: str, plurals: frozenset[str]) -> bool:
        """Return whether the API server knows these resources."""
        try:
            answer = await self.request("GET", f"/apis/{group}/{version}")
        except NotFoundError:
            return False
        return plurals <= {resource["name"] for resource in answer["resources"]}

    async def request(
        self, method: str, path: str, body: Manifest | bytes | None = None, content_type: str = _JSON
    ) -> Manifest:
        """Make one request and return the JSON of its answer."""
        if method != "GET" and self._may_write is not None:
            self._may_write()
        configuration = self._client.configuration
        headers = {"Accept": _JSON, "Content-Type": content_type}
        if token := await self.token():
            headers["Authorization"] = token
        try:
            response = await self._client.call_api(
                method, configuration.host + path, headers, body, _request_timeout=self._timeout
            )
            answer: bytes = await response.read()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(0, f"no answer from {self.server}: {str(error) or type(error).__name__}") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise error_of(response.status, answer, response.headers)
        result: Manifest = orjson.loads(answer)
        return result


def collection(kind: Kind, namespace: str | None) -> str:
    """Return the path of a kind's objects, of one namespace or of all."""
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    return f"{root}/namespaces/{namespace}/{kind.plural}" if namespace else f"{root}/{kind.plural}"


def _path(kind: Kind, namespace: str, name: str, subresource: str = "") -> str:
    return f"{collection(kind, namespace)}/{name}" + (f"/{subresource}" if subresource else "")
