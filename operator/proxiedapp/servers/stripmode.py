"""Decides how a server is run: which of its forms, and whether the proxy strips the prefix."""

from proxiedapp.api.errors import StripModeError
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.servers.server import Form, Server


def choose_form(server: Server, spec: ProxiedAppSpec) -> Form:
    """Return the best form that allows the spec's strip mode; raises StripModeError if there is none."""
    allowed = [form for form in server.forms if not form.adapter or spec.server.adapter == "Auto"]
    asked = spec.route.strip_prefix
    if asked == "Auto" or spec.route.path_prefix == "/":
        return allowed[0]
    fitting = [form for form in allowed if form.strips in {None, asked == "Always"}]
    if not fitting:
        must, breaks = ("Always", "every route") if allowed[0].strips else ("Never", "redirects and mounted apps")
        raise StripModeError(
            "spec.route.stripPrefix",
            f"with {asked} {breaks} of an app run by {server.name} would answer 404",
            f"Use Auto or {must}",
        )
    return fitting[0]


def proxy_strips(form: Form, spec: ProxiedAppSpec) -> bool:
    """Return whether the proxy strips the prefix; never without one."""
    if spec.route.path_prefix == "/":
        return False
    return spec.route.strip_prefix != "Never" if form.strips is None else form.strips
