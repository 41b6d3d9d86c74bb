"""The Certificate. cert-manager writes the Secret that the route names; the operator itself reads no Secrets.

Until that Secret exists, Traefik serves the route with its default certificate.
"""

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.route import RouteTLS
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import CERTIFICATE
from proxiedapp.resources.metadata import child


def secret_name(app: Key, tls: RouteTLS) -> str:
    """Return the name of the Secret that the route refers to; empty for none."""
    return tls.secret_name or ("" if tls.issuer_ref is None else f"{app.name}-tls")


def certificates(app: ProxiedApp) -> list[Manifest]:
    """Return the Certificate if the spec names an issuer, else nothing."""
    tls = app.spec.route.tls
    if tls is None or tls.issuer_ref is None:
        return []
    issuer = {"name": tls.issuer_ref.name, "kind": tls.issuer_ref.kind, "group": tls.issuer_ref.group}
    spec = {
        "secretName": secret_name(app.key, tls),
        "dnsNames": list(app.spec.route.hosts or ()),
        "issuerRef": issuer,
    }
    return [child(CERTIFICATE, app.key, app.key.name, spec=spec)]
