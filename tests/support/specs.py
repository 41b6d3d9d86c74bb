"""Hypothesis strategies for specs that the API server accepts."""

from typing import Any

from hypothesis import strategies as st

LABEL = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
HOST = st.lists(LABEL, min_size=1, max_size=3).map(".".join)
SEGMENT = st.from_regex(r"[A-Za-z0-9._~-]{1,8}", fullmatch=True).filter(lambda text: text not in {".", ".."})
PREFIX = st.one_of(st.just("/"), st.lists(SEGMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts)))
ENV_NAME = st.from_regex(r"[-._a-zA-Z][-._a-zA-Z0-9]{0,8}", fullmatch=True)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
QUANTITY = st.one_of(
    st.integers(0, 10**6),
    st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,3})?(m|k|M|G|Ki|Mi|Gi|e[0-9])?", fullmatch=True),
)
NETWORK = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str).filter(lambda text: not text.startswith("::ffff:")),
    st.sampled_from(["10.0.0.0/8", "10.42.0.0/16", "fd00::/8", "192.0.2.7/32", "::ffff:10.0.0.0/104"]),
)
_KEY = st.fixed_dictionaries({"name": LABEL, "key": LABEL}, optional={"optional": st.booleans()})
_SOURCE = st.one_of(
    st.fixed_dictionaries({"secretKeyRef": _KEY}),
    st.fixed_dictionaries({"configMapKeyRef": _KEY}),
    st.fixed_dictionaries(
        {
            "fieldRef": st.fixed_dictionaries(
                {"fieldPath": st.sampled_from(["metadata.name", "status.podIP"])},
                optional={"apiVersion": st.just("v1")},
            )
        }
    ),
    st.fixed_dictionaries(
        {
            "resourceFieldRef": st.fixed_dictionaries(
                {"resource": st.sampled_from(["limits.cpu", "requests.memory"])},
                optional={"containerName": st.just("app"), "divisor": st.sampled_from(["1", "1m", "1Mi"])},
            )
        }
    ),
)
_ENV: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"name": ENV_NAME}, optional={"value": TEXT}),
    st.fixed_dictionaries({"name": ENV_NAME, "valueFrom": _SOURCE}),
)
_REFERENCE = st.fixed_dictionaries({"name": LABEL}, optional={"optional": st.booleans()})
_PROBE = st.fixed_dictionaries(
    {"path": st.from_regex(r"/[a-z0-9/?=&%]{0,12}", fullmatch=True)},
    optional={
        "initialDelaySeconds": st.integers(0, 100),
        "periodSeconds": st.integers(1, 100),
        "timeoutSeconds": st.integers(1, 100),
        "successThreshold": st.just(1),
        "failureThreshold": st.integers(1, 100),
    },
)
_PAGE = st.from_regex(r"(/([A-Za-z0-9._~$&()*+,;=:@-]|%[0-9A-F]{2}){1,8}){1,3}", fullmatch=True)
_AMOUNTS = st.dictionaries(st.sampled_from(["cpu", "memory", "ephemeral-storage"]), QUANTITY, max_size=3)


def _name(item: dict[str, Any]) -> str:
    return str(item["name"])


def _with_hosts(route: dict[str, Any]) -> dict[str, Any]:
    """Add hosts to a route whose certificate needs them."""
    needed = "issuerRef" in route.get("tls", {}) and not route.get("hosts")
    return route | {"hosts": ["shop.test"]} if needed else route


_NAMED = st.fixed_dictionaries({"name": LABEL})
_PATTERN = st.one_of(HOST, HOST.map("*.{}".format))
"""A name, or all names one label below it."""


def specs() -> st.SearchStrategy[dict[str, Any]]:
    """Return specs as JSON values in which every optional field may be present or absent."""
    return st.fixed_dictionaries(
        {
            "image": st.from_regex(r"[a-z0-9./:@-]{1,30}", fullmatch=True),
            "command": st.sampled_from(
                [
                    ["uvicorn", "main:app"],
                    ["fastapi", "run"],
                    ["sh", "-c", "exec uvicorn a:b"],
                    ["hypercorn", "main:app"],
                ]
            ),
            "route": st.fixed_dictionaries(
                {},
                optional={
                    "hosts": st.lists(_PATTERN, max_size=3, unique=True),
                    "pathPrefix": PREFIX,
                    "stripPrefix": st.just("Auto"),
                    "entryPoints": st.lists(LABEL, min_size=1, max_size=3, unique=True),
                    "ingressClassName": LABEL,
                    "redirectToHTTPS": st.booleans(),
                    "middlewares": st.lists(st.fixed_dictionaries({"name": LABEL}), max_size=3, unique_by=_name),
                    "tls": st.one_of(
                        st.fixed_dictionaries({}, optional={"secretName": LABEL, "options": _NAMED}),
                        st.fixed_dictionaries(
                            {
                                "issuerRef": st.fixed_dictionaries(
                                    {"name": LABEL},
                                    optional={
                                        "kind": st.sampled_from(["Issuer", "ClusterIssuer"]),
                                        "group": st.sampled_from(["cert-manager.io", "acme.example.com"]),
                                    },
                                )
                            },
                            optional={"secretName": LABEL, "options": _NAMED},
                        ),
                        st.fixed_dictionaries(
                            {"certResolver": LABEL},
                            optional={
                                "domains": st.lists(
                                    st.fixed_dictionaries(
                                        {"main": _PATTERN},
                                        optional={"sans": st.lists(_PATTERN, max_size=2, unique=True)},
                                    ),
                                    min_size=1,
                                    max_size=2,
                                )
                            },
                        ),
                    ),
                },
            ).map(_with_hosts),
        },
        optional={
            "imagePullPolicy": st.sampled_from(["Always", "IfNotPresent", "Never"]),
            "imagePullSecrets": st.lists(st.fixed_dictionaries({"name": LABEL}), max_size=3, unique_by=_name),
            "server": st.fixed_dictionaries(
                {"kind": st.just("auto")}, optional={"adapter": st.sampled_from(["Auto", "Never"])}
            ),
            "port": st.integers(1, 65535),
            "replicas": st.integers(0, 50),
            "proxy": st.fixed_dictionaries({}, optional={"trustedProxies": st.lists(NETWORK, max_size=3)}),
            "env": st.lists(_ENV, max_size=4, unique_by=_name),
            "envFrom": st.lists(
                st.one_of(
                    st.fixed_dictionaries({"configMapRef": _REFERENCE}, optional={"prefix": ENV_NAME}),
                    st.fixed_dictionaries({"secretRef": _REFERENCE}, optional={"prefix": ENV_NAME}),
                ),
                max_size=2,
            ),
            "resources": st.fixed_dictionaries({}, optional={"requests": _AMOUNTS, "limits": _AMOUNTS}),
            "probes": st.fixed_dictionaries({}, optional={"readiness": _PROBE, "liveness": _PROBE, "startup": _PROBE}),
            "monitoring": st.fixed_dictionaries(
                {},
                optional={
                    "path": st.sampled_from(["/metrics", "/metrics/", "/a/b.c"]),
                    "interval": st.sampled_from(["30s", "1m", "1h2m3s4ms"]),
                    "scrapeTimeout": st.sampled_from(["500ms", "5s", "30s"]),
                    "labels": st.dictionaries(LABEL, LABEL, max_size=2),
                },
            ),
            "verify": st.fixed_dictionaries(
                {},
                optional={
                    "enabled": st.booleans(),
                    "openapiPath": _PAGE,
                    "docsPath": _PAGE,
                    "extraPaths": st.lists(st.one_of(_PAGE, _PAGE.map("ws:{}".format)), max_size=3, unique=True),
                },
            ),
        },
    )
