"""The Certificate, for which cert-manager writes the Secret that the route names. The operator reads no Secrets.

Until cert-manager has written it, Traefik serves the route with its default certificate.
"""

from collections.abc import Sequence

from proxiedapp.api.route import IssuerRef, RouteTLS
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import CERTIFICATE
from proxiedapp.resources.metadata import child


def secret_name(app: Key, tls: RouteTLS) -> str:
    """Return the Secret that the route names; empty for none."""
    return tls.secret_name or ("" if tls.issuer_ref is None else f"{app.name}-tls")


def certificate(app: Key, hosts: Sequence[str], secret: str, issuer: IssuerRef) -> Manifest:
    """Build the Certificate."""
    reference = {"name": issuer.name, "kind": issuer.kind, "group": issuer.group}
    return child(
        CERTIFICATE, app, app.name, spec={"secretName": secret, "dnsNames": list(hosts), "issuerRef": reference}
    )
