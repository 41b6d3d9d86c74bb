"""Any other server: the operator leaves the command alone and sets two variables, which the app's own code must read.

An app that starts uvicorn itself reads them in this way: `uvicorn.run(app,
root_path=os.environ["PROXIEDAPP_ROOT_PATH"], host="0.0.0.0", port=8000)`. uvicorn reads FORWARDED_ALLOW_IPS itself
(`uvicorn/config.py`, 0.54.0).
"""

from typing import Final

from proxiedapp.servers.server import PROXY_TRUSTED, Example, Form, Grammar, Role, Server, Setting

ROOT_PATH_VARIABLE: Final = "PROXIEDAPP_ROOT_PATH"
"""The prefix without a trailing slash, in the environment of every app; empty for the prefix /."""
CONTRACT_ROOT_PATH: Final = Setting((), (ROOT_PATH_VARIABLE,), by_variable=True)

OTHER: Final = Server(
    name="other",
    programs=frozenset(),
    grammar=Grammar(switches=frozenset()),
    forms=(
        Form(
            strips=None,
            settings={
                Role.TRUST: Setting((), ("FORWARDED_ALLOW_IPS",), by_variable=True),
            },
            limits="the operator does not configure this server: the app must read its root path from "
            "PROXIEDAPP_ROOT_PATH and its trusted proxies from FORWARDED_ALLOW_IPS, and listen on spec.port. "
            "Use the command of a server that the operator knows to have it configured",
        ),
    ),
    examples=(
        Example(
            "other",
            ("python", "other.py"),
            {"PROXIEDAPP_ROOT_PATH": "{prefix}", **PROXY_TRUSTED},
            title="other (`python other.py`)",
        ),
    ),
)
