"""Old versions of servers: the minimum versions in docs/servers.md, and the versions just below."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx
from websockets.exceptions import WebSocketException

from tests.matrix import scenarios
from tests.matrix.appclient import AppClient, Cluster, WrongAnswerError
from tests.matrix.environments import BY_NAME
from tests.matrix.live import Network, add_image, cluster_for, namespace_of, settled
from tests.matrix.rows import Adapter, Role, Row, Server
from tests.support.sandbox import Sandbox

ASPECTS: Final[Mapping[str, Callable[[AppClient], None]]] = {
    "Routes": scenarios.root_path_is_the_prefix,
    "Docs": scenarios.swagger_ui_loads_its_schema,
    "Redirect": scenarios.redirect_keeps_scheme_and_prefix,
    "Mounted apps": scenarios.mounted_app_knows_its_path,
    "Websocket": scenarios.websocket_knows_its_address,
    "Client": scenarios.client_is_the_client_of_the_proxy,
}
"""The checks through https, by column head."""
ALL: Final = frozenset(ASPECTS)


@dataclass(frozen=True)
class OldVersion:
    """One command with old versions."""

    environment: str
    command: tuple[str, ...]
    wrong: frozenset[str] = frozenset()
    """The aspects that are wrong with these versions."""
    reason: str = "Verified"
    """The reason of the condition Verified, or of Ready if the app does not start."""
    trust: Literal["address", "network"] = "address"
    adapter: Adapter = "Auto"
    probed: bool = True
    """Whether the ProxiedApp has a readiness probe, which these versions must have a route for."""
    output: str = ""
    """Part of the container's last output, if the app does not start."""

    @property
    def id(self) -> str:
        argument = self.command[-2].partition(".")[0]
        return f"{self.environment}-{argument}".replace(".", "-").replace("_", "-")

    @property
    def row(self) -> Row:
        return Row(Server(self.id, " ".join(self.command), self.command), self.adapter)

    @property
    def app(self) -> str:
        return self.row.app(Role.MAIN)

    @property
    def starts(self) -> bool:
        return not self.output

    def manifest(self, namespace: str, network: Network) -> dict[str, Any]:
        """Return the ProxiedApp."""
        made = self.row.manifest(Role.MAIN, namespace, network.proxy)
        trusted = network.proxy if self.trust == "address" else network.subnet
        made["spec"] |= {"image": f"sandbox.local/{self.environment}:1", "proxy": {"trustedProxies": [trusted]}}
        if not self.probed:
            del made["spec"]["probes"]
        return made


UVICORN: Final = ("uvicorn", "main:app")
FASTAPI: Final = ("fastapi", "run", "main.py")
GUNICORN: Final = ("gunicorn", "-k", "uvicorn_worker.UvicornWorker", "main:app")

OLD_VERSIONS: Final = (
    OldVersion("uvicorn-0.25", UVICORN, frozenset({"Redirect", "Mounted apps", "Websocket"}), "RedirectPrefix"),
    OldVersion("uvicorn-0.26", UVICORN, frozenset({"Websocket"})),
    OldVersion("fastapi-0.108", UVICORN, ALL, "NotServed", probed=False),
    OldVersion("uvicorn-0.27", UVICORN, frozenset({"Websocket"})),
    OldVersion("uvicorn-0.28", UVICORN),
    OldVersion(
        "uvicorn-0.30", UVICORN, frozenset({"Redirect", "Websocket", "Client"}), "RedirectScheme", trust="network"
    ),
    OldVersion("uvicorn-0.31", UVICORN, trust="network"),
    OldVersion("fastapi-cli-0.0.1", FASTAPI, ALL, "CrashLoopBackOff", output='please install "fastapi[standard]"'),
    OldVersion("fastapi-cli-0.0.2", FASTAPI),
    OldVersion("fastapi-cli-0.0.9", FASTAPI, trust="network"),
    OldVersion("gunicorn-23", ("gunicorn", "-k", "asgi", "main:app"), ALL, "CrashLoopBackOff", output="asgi"),
    OldVersion("gunicorn-23", GUNICORN, trust="network"),
    OldVersion(
        "gunicorn-23",
        GUNICORN,
        ALL,
        "CrashLoopBackOff",
        trust="network",
        adapter="Never",
        output="does not appear to be an IPv4 or IPv6 address",
    ),
)


@dataclass
class LiveOldVersions:
    """The running apps with old versions."""

    cluster: Cluster
    last_outputs: Mapping[str, str]
    """The last output of terminated containers, by app."""

    def wrong(self, old: OldVersion) -> dict[str, str]:
        """Return the wrong aspects, each with the difference."""
        app = AppClient(self.cluster, old.row, "https")
        found = {}
        for aspect, check in ASPECTS.items():
            try:
                check(app)
            except (WrongAnswerError, httpx.HTTPError, WebSocketException, OSError, LookupError, ValueError) as error:
                found[aspect] = str(error)
        return found

    def reason(self, old: OldVersion) -> str:
        """Return the reason of the condition Verified, or of Ready if the app does not start."""
        return self.cluster.condition(old.app, "Verified" if old.starts else "Ready").get("reason", "")

    def rows(self) -> list[dict[str, str]]:
        """Return the table in docs/servers.md."""
        return [self._line(old) for old in OLD_VERSIONS]

    def _line(self, old: OldVersion) -> dict[str, str]:
        wrong = self.wrong(old)
        judged = {aspect: "wrong" if aspect in wrong else "right" for aspect in ASPECTS}
        if not old.starts:
            judged = dict.fromkeys(ASPECTS, "-")
        return {
            "Versions": BY_NAME[old.environment].title,
            "Command": f"`{' '.join(old.command)}`",
            "Adapter": old.adapter,
            "Trusted": old.trust,
            **judged,
            "The ProxiedApp reports": f"{'Verified' if old.starts else 'not Ready'}: {self.reason(old)}".replace(
                "Verified: Verified", "Verified"
            ),
        }


@contextmanager
def old_versions(sandbox: Sandbox) -> Iterator[LiveOldVersions]:
    """Run all old versions."""
    for name, environment in BY_NAME.items():
        add_image(sandbox, name, environment.image())
    network = Network(sandbox)
    with namespace_of(sandbox) as namespace:
        sandbox.apply(*(old.manifest(namespace, network) for old in OLD_VERSIONS))
        ending = frozenset(old.app for old in OLD_VERSIONS if not old.starts)
        verdicts = {old.app: old.reason for old in OLD_VERSIONS if old.starts}
        found = settled(sandbox, namespace, ending, verdicts)
        with cluster_for(sandbox, namespace, found) as cluster:
            yield LiveOldVersions(cluster, found.last_outputs)
