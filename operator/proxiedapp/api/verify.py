"""The verification of the running app."""

from typing import Annotated

from pydantic import Field

from proxiedapp.api.base import UNIQUE_ITEMS, ApiModel
from proxiedapp.api.paths import ExtraPath, PagePath


class VerifySpec(ApiModel):
    """How the operator checks the running app through the proxy. Only the condition Verified depends on it."""

    enabled: bool = True
    """Whether the app is verified: after each rollout, after each change of the route, and regularly afterwards."""
    openapi_path: PagePath = "/openapi.json"
    """Path of the app's OpenAPI schema without the path prefix; openapi_url in FastAPI."""
    docs_path: PagePath = "/docs"
    """Path of the app's documentation page without the path prefix; docs_url in FastAPI."""
    extra_paths: Annotated[list[ExtraPath], Field(max_length=16), UNIQUE_ITEMS] | None = None
    """More paths that must answer, without the path prefix: for example /static/app.css, the schema or documentation
    page of a mounted app (/subapi/openapi.json, /subapi/docs), or a WebSocket as ws:/path."""
