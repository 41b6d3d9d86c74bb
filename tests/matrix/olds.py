"""Old versions of servers at the floors of the table in docs/servers.md, and just below them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx
from websockets.exceptions import WebSocketException

from tests.matrix import scenarios
from tests.matrix.environments import BY_NAME
from tests.matrix.live import Network, add_image, namespace_of, place_for, settled
from tests.matrix.rows import Adapter, Role, Row, Server
from tests.matrix.visit import Place, Visit, WrongAnswerError
from tests.support.sandbox import Sandbox

ASPECTS: Final[Mapping[str, Callable[[Visit], None]]] = {
    "Routes": scenarios.app_is_told_the_prefix,
    "Docs": scenarios.swagger_ui_loads_its_schema,
    "Redirect": scenarios.redirect_keeps_scheme_and_prefix,
    "Mounted apps": scenarios.mounted_app_knows_where_it_is,
    "Websocket": scenarios.websocket_knows_its_address,
    "Client": scenarios.client_is_the_one_behind_the_proxy,
}
"""What is looked at through https, by the head of its column."""
ALL: Final = frozenset(ASPECTS)


@dataclass(frozen=True)
class Old:
    """One command under old versions."""

    environment: str
    command: tuple[str, ...]
    wrong: frozenset[str] = frozenset()
    """Aspects that these versions cannot have right."""
    says: str = "Verified"
    """The reason of the condition that tells of it: Verified, or Ready where the app does not start."""
    trust: Literal["address", "network"] = "address"
    adapter: Adapter = "Auto"
    probed: bool = True
    """Whether the readiness probe finds a route."""
    words: str = ""
    """What the container says at its end, where the app does not start."""

    @property
    def id(self) -> str:
        word = self.command[-2].partition(".")[0]
        return f"{self.environment}-{word}".replace(".", "-").replace("_", "-")

    @property
    def row(self) -> Row:
        return Row(Server(self.id, " ".join(self.command), self.command), self.adapter)

    @property
    def app(self) -> str:
        return self.row.app(Role.MAIN)

    @property
    def starts(self) -> bool:
        return not self.words

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

OLDS: Final = (
    Old("uvicorn-0.25", UVICORN, frozenset({"Redirect", "Mounted apps", "Websocket"}), "RedirectPrefix"),
    Old("uvicorn-0.26", UVICORN, frozenset({"Websocket"})),
    Old("fastapi-0.108", UVICORN, ALL, "NotServed", probed=False),
    Old("uvicorn-0.27", UVICORN, frozenset({"Websocket"})),
    Old("uvicorn-0.28", UVICORN),
    Old("uvicorn-0.30", UVICORN, frozenset({"Redirect", "Websocket", "Client"}), "RedirectScheme", trust="network"),
    Old("uvicorn-0.31", UVICORN, trust="network"),
    Old("fastapi-cli-0.0.1", FASTAPI, ALL, "CrashLoopBackOff", words='please install "fastapi[standard]"'),
    Old("fastapi-cli-0.0.2", FASTAPI),
    Old("fastapi-cli-0.0.9", FASTAPI, trust="network"),
    Old("gunicorn-23", ("gunicorn", "-k", "asgi", "main:app"), ALL, "CrashLoopBackOff", words="asgi"),
    Old("gunicorn-23", GUNICORN, trust="network"),
    Old(
        "gunicorn-23",
        GUNICORN,
        ALL,
        "CrashLoopBackOff",
        trust="network",
        adapter="Never",
        words="does not appear to be an IPv4 or IPv6 address",
    ),
)


@dataclass
class OldLive:
    """Running old versions."""

    place: Place
    last_words: Mapping[str, str]
    """What the containers said that ended, by app."""

    def wrong(self, old: Old) -> dict[str, str]:
        """Return the aspects that are wrong, and how."""
        at = Visit(self.place, old.row, "https")
        found = {}
        for aspect, look in ASPECTS.items():
            try:
                look(at)
            except (WrongAnswerError, httpx.HTTPError, WebSocketException, OSError, LookupError, ValueError) as error:
                found[aspect] = str(error)
        return found

    def says(self, old: Old) -> str:
        """Return the reason by which the ProxiedApp tells how it stands: that of Verified, else that of Ready."""
        kind = "Verified" if old.starts else "Ready"
        return self.place.condition(old.app, kind).get("reason", "")

    def rows(self) -> list[dict[str, str]]:
        """Return the table in docs/servers.md."""
        return [self._line(old) for old in OLDS]

    def _line(self, old: Old) -> dict[str, str]:
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
            "The ProxiedApp says": f"{'Verified' if old.starts else 'not Ready'}: {self.says(old)}".replace(
                "Verified: Verified", "Verified"
            ),
        }


@contextmanager
def old_versions(sandbox: Sandbox) -> Iterator[OldLive]:
    """Run all of them."""
    for name, environment in BY_NAME.items():
        add_image(sandbox, name, environment.image())
    network = Network(sandbox)
    with namespace_of(sandbox) as namespace:
        sandbox.apply(*(old.manifest(namespace, network) for old in OLDS))
        ending = frozenset(old.app for old in OLDS if not old.starts)
        found = settled(sandbox, namespace, ending=ending)
        with place_for(sandbox, namespace, found) as place:
            yield OldLive(place, found.last_words)
