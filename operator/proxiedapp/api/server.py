"""The ASGI server that runs the app."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.serverkinds import ServerKind


class ServerSpec(ApiModel):
    """The ASGI server that runs the app. Needed only if the command does not show which server it starts."""

    rules: ClassVar = (
        CELRule(
            "!has(self.app) || (has(self.kind) && self.kind != 'auto')",
            "server.app requires server.kind: name the server that runs the app, such as kind: uvicorn",
            lambda server: server.app is None or server.kind != "auto",
        ),
        CELRule(
            "!has(self.app) || !has(self.kind) || self.kind != 'other'",
            "server.app requires a server that the operator knows; with kind: other, set spec.command or use the "
            "command of the image",
            lambda server: server.app is None or server.kind != "other",
        ),
        CELRule(
            "!has(self.app) || self.app.contains(':') || (has(self.kind) && self.kind == 'fastapi')",
            "server.app must be module:attribute, such as app.main:app; only kind: fastapi accepts a file path",
            lambda server: server.app is None or ":" in server.app or server.kind == "fastapi",
        ),
    )

    kind: ServerKind = "auto"
    """The server that runs the app. auto detects it from the command and rejects the spec if it cannot. other leaves
    the command unchanged and sets the variables PROXIEDAPP_ROOT_PATH and FORWARDED_ALLOW_IPS for the app to read."""
    adapter: Literal["Auto", "Never"] = "Auto"
    """Whether the operator may mount its ASGI adapter into the pod. Some servers cannot be configured by flags alone;
    the adapter sets what their flags cannot. With Never they run without it, and the condition RouteAccepted lists what
    stays wrong."""
    app: (
        Annotated[
            str,
            Field(
                pattern=r"^([A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_.]*|[A-Za-z0-9_./][A-Za-z0-9_./-]*)$",
                max_length=512,
            ),
        ]
        | None
    ) = None
    """The app as module:attribute, such as app.main:app, or a file path if kind is fastapi. The operator then writes
    the whole command, so spec.command and spec.args must be absent."""
    workers: Annotated[int, Field(ge=1, le=1024, json_schema_extra={"format": "int32"})] | None = None
    """Number of worker processes in each pod. Default: the server's own default."""
