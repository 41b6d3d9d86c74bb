"""docs/reference/check-codes.md: the codes of `proxiedapp check`, each with a section and an example."""

from collections.abc import Iterator
from typing import Final

from proxiedapp.local.problem import Code, explanations
from tools.reference.markdown import code, table

_PAGE = """\
# Codes of `proxiedapp check`

Generated from the code by `make generate`; `proxiedapp check --explain CODE` prints the same. Codes that are also
[reasons of conditions](../conditions.md) mean what the operator would report.

{codes}

{sections}
"""

_EXAMPLES: Final[dict[Code, tuple[str, str]]] = {
    Code.STRIP_MISMATCH: (
        'command: [hypercorn, --root-path, /api, "main:app"] # behind a Middleware stripPrefix',
        'command: [uvicorn, --root-path, /api, "main:app"] # or no stripPrefix',
    ),
    Code.ROOT_PATH_MISSING: (
        'command: [uvicorn, "main:app"] # behind a Middleware stripPrefix with /api',
        'command: [uvicorn, --root-path, /api, "main:app"]',
    ),
    Code.ROOT_PATH_DIFFERS: (
        'command: [uvicorn, --root-path, /api/v1, "main:app"] # the route strips /api',
        'command: [uvicorn, --root-path, /api, "main:app"]',
    ),
    Code.ROOT_PATH_IGNORED: (
        'command: [gunicorn, -k, uvicorn.workers.UvicornWorker, --root-path, /api, "main:app"]',
        'command: [uvicorn, --workers, "4", --root-path, /api, "main:app"]',
    ),
    Code.ROOT_PATH_IN_CODE: (
        'app = FastAPI(root_path="/api") # behind a Middleware stripPrefix with /api',
        "app = FastAPI() # and uvicorn --root-path /api",
    ),
    Code.PREFIX_BOUNDARY: ("match: PathPrefix(`/api`)", "match: Path(`/api`) || PathPrefix(`/api/`)"),
    Code.PATH_LOST: (
        "path: /api # with nginx.ingress.kubernetes.io/rewrite-target: /",
        "path: /api(/|$)(.*) # with nginx.ingress.kubernetes.io/rewrite-target: /$2",
    ),
    Code.RULE_INVALID: ("match: Host(`a.test`, `b.test`)", "match: Host(`a.test`) || Host(`b.test`)"),
    Code.TRUST_MISSING: (
        "env: [] # uvicorn trusts only loopback",
        "env: [{name: FORWARDED_ALLOW_IPS, value: 10.42.0.0/16}] # the network of the proxy's pods",
    ),
    Code.TRUST_EVERYONE: (
        'env: [{name: FORWARDED_ALLOW_IPS, value: "*"}] # without a NetworkPolicy',
        "env: [{name: FORWARDED_ALLOW_IPS, value: 10.42.0.0/16}]",
    ),
    Code.LOOPBACK_ONLY: (
        'command: [uvicorn, "main:app"] # uvicorn listens on 127.0.0.1 by default',
        'command: [uvicorn, --host, 0.0.0.0, "main:app"]',
    ),
    Code.PROBE_PREFIX: (
        "httpGet: {path: /api/healthz, port: http} # the proxy strips /api",
        "httpGet: {path: /healthz, port: http}",
    ),
}
"""What is wrong, and what is right instead."""


def check_codes() -> str:
    """Return the text of docs/reference/check-codes.md."""
    meanings = {name: " ".join(meaning.split()) for name, meaning in sorted(explanations().items())}
    rows = ((f"[{code(name)}](#{name.lower()})", meaning) for name, meaning in meanings.items())
    return _PAGE.format(
        codes=table(["code", "meaning"], rows),
        sections="\n\n".join("\n\n".join(_section(name, meaning)) for name, meaning in meanings.items()),
    )


def _section(name: str, meaning: str) -> Iterator[str]:
    yield f"## `{name}`"
    yield meaning
    example = _EXAMPLES.get(Code(name)) if name in set(Code) else None
    if example is not None:
        wrong, right = example
        yield f"```text\n# wrong\n{wrong}\n# right\n{right}\n```"
