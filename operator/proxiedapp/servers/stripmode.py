"""Decides how a server is run: which of its forms, and whether the proxy strips the prefix."""

from proxiedapp.api.errors import StripModeError
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.servers.other import OTHER
from proxiedapp.servers.server import Form, Server


def choose_form(server: Server, spec: ProxiedAppSpec) -> Form:
    """Return the best form that allows the spec's strip mode; raises StripModeError if there is none."""
    allowed = [form for form in server.forms if not form.adapter or spec.server.adapter == "Auto"]
    asked = spec.route.strip_prefix
    if asked == "Auto" or spec.route.path_prefix == "/":
        return allowed[0]
    fitting = [form for form in allowed if form.strips in {None, asked == "Always"}]
    if not fitting:
        if allowed[0].strips:
            mode, effect = "Always", "every route answers 404"
        else:
            mode, effect = "Never", "redirects lose the prefix and mounted apps answer 404"
        raise StripModeError(
            "spec.route.stripPrefix", f"with {asked}, {effect} if {server.name} runs the app", f"Use Auto or {mode}"
        )
    return fitting[0]


def proxy_strips(form: Form, spec: ProxiedAppSpec) -> bool:
    """Return whether the proxy strips the prefix; never without one."""
    if spec.route.path_prefix == "/":
        return False
    return spec.route.strip_prefix != "Never" if form.strips is None else form.strips


def is_chosen_by_operator(spec: ProxiedAppSpec) -> bool:
    """Return whether the operator alone decides how server and proxy deal with the prefix."""
    return spec.server.kind != OTHER.name and spec.server.adapter == "Auto" and spec.route.strip_prefix == "Auto"
