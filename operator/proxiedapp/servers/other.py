"""Any other server: nothing is read or written in its command; it is told by two variables, if its code reads them.

An app that starts uvicorn by itself reads them so: `uvicorn.run(app, root_path=os.environ["PROXIEDAPP_ROOT_PATH"],
host="0.0.0.0", port=8000)`; uvicorn takes FORWARDED_ALLOW_IPS from the environment by itself.
"""

from typing import Final

from proxiedapp.servers.server import Form, Grammar, Role, Server, Setting

OTHER: Final = Server(
    name="other",
    programs=frozenset(),
    grammar=Grammar(switches=frozenset()),
    forms=(
        Form(
            strips=None,
            settings={
                Role.ROOT_PATH: Setting((), ("PROXIEDAPP_ROOT_PATH",), default="", by_variable=True),
                Role.TRUST: Setting((), ("FORWARDED_ALLOW_IPS",), by_variable=True),
            },
            limits="the operator does not know this server: the app itself must take its root path from "
            "PROXIEDAPP_ROOT_PATH and its trusted proxies from FORWARDED_ALLOW_IPS, and listen on spec.port. "
            "Run the command of a known server to have that done",
        ),
    ),
)
