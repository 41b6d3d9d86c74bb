"""ProxyPolicies as a ValidatingAdmissionPolicy, so that the API server refuses what the operator would reject. Pure.

The policies are written into the object as a literal. They cannot be its parameters, because an object with several
parameters must satisfy all of them, while an app needs one ProxyPolicy of several (docs/decisions/0021-admission.md).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from proxiedapp.api.names import API_VERSION, GROUP
from proxiedapp.kube.manifest import Manifest

_API_VERSION: Final = "admissionregistration.k8s.io/v1"
_SELECTS: Final = (
    "(!has(s.matchLabels) || s.matchLabels.all(k, "
    "k in variables.namespaceLabels && variables.namespaceLabels[k] == s.matchLabels[k])) && "
    "(!has(s.matchExpressions) || s.matchExpressions.all(e, "
    "e.operator == 'Exists' ? e.key in variables.namespaceLabels : "
    "e.operator == 'DoesNotExist' ? !(e.key in variables.namespaceLabels) : "
    "(e.operator == 'In') == "
    "(e.key in variables.namespaceLabels && variables.namespaceLabels[e.key] in e.values)))"
)
_HAS_NAME: Final = "(n in a.hosts || a.hosts.exists(h, h.startsWith('*.') && n.endsWith(h.substring(1))))"
_TLS: Final = "object.spec.route.tls"
_NETWORK: Final = "t.contains('/') ? t : t + (t.contains(':') ? '/128' : '/32')"
_VARIABLES: Final[Mapping[str, str]] = {
    "namespaceLabels": "has(namespaceObject.metadata.labels) ? namespaceObject.metadata.labels : {}",
    # Each of the lists that follow leaves out the policies that do not allow one aspect of the app.
    "selecting": (
        "variables.policies.filter(p, (has(p.namespaces.names) && request.namespace in p.namespaces.names) || "
        "(has(p.namespaces.selector) && [p.namespaces.selector].all(s, " + _SELECTS + ")))"
    ),
    "annotations": "has(object.spec.route.annotations) ? object.spec.route.annotations : {}",
    "byAnnotations": (
        "variables.selecting.filter(p, has(p.routeAnnotations) ? variables.annotations.all(k, "
        "k in p.routeAnnotations || p.routeAnnotations.exists(a, "
        "a.endsWith('/*') && k.startsWith(a.substring(0, size(a) - 1)))) : "
        "(size(variables.annotations) == 0 || !has(p.allow) || !has(p.allow.hosts) || '*' in p.allow.hosts))"
    ),
    "allowing": "variables.byAnnotations.map(p, has(p.allow) ? p.allow : dyn({}))",
    "hosts": "has(object.spec.route.hosts) ? object.spec.route.hosts : []",
    "domains": f"has({_TLS}) && has({_TLS}.domains) ? {_TLS}.domains : []",
    "names": "variables.hosts + variables.domains.map(d, d.main)",
    "byHosts": (
        "variables.allowing.filter(a, !has(a.hosts) || '*' in a.hosts || (size(variables.hosts) > 0 && "
        f"variables.names.all(n, {_HAS_NAME}) && "
        f"variables.domains.all(d, !has(d.sans) || d.sans.all(n, {_HAS_NAME}))))"
    ),
    "prefix": "has(object.spec.route.pathPrefix) ? object.spec.route.pathPrefix : '/'",
    "byPrefix": (
        "variables.byHosts.filter(a, !has(a.pathPrefixes) || a.pathPrefixes.exists(q, "
        "q == '/' || q == variables.prefix || variables.prefix.startsWith(q + '/')))"
    ),
    "byEntryPoints": (
        "variables.byPrefix.filter(a, !has(a.entryPoints) || ((!has(object.spec.route.entryPoints) || "
        "object.spec.route.entryPoints.all(e, e in a.entryPoints)) && (!has(object.spec.route.parentRefs) || "
        "object.spec.route.parentRefs.all(p, (p.namespace + '/' + p.name) in a.entryPoints))))"
    ),
    "ingressClass": "has(object.spec.route.ingressClassName) ? object.spec.route.ingressClassName : ''",
    "byClass": (
        "variables.byEntryPoints.filter(a, !has(a.ingressClassNames) || variables.ingressClass in a.ingressClassNames)"
    ),
    "byTLS": (
        f"!has({_TLS}) ? variables.byClass : variables.byClass.filter(a, "
        f"(!has(a.certResolvers) || !has({_TLS}.certResolver) || {_TLS}.certResolver in a.certResolvers) && "
        f"(!has(a.tlsOptions) || !has({_TLS}.options) || {_TLS}.options.name in a.tlsOptions) && "
        f"(!has(a.issuers) || !has({_TLS}.issuerRef) || a.issuers.exists(i, i.kind == {_TLS}.issuerRef.kind && "
        f"(has(i.group) ? i.group : 'cert-manager.io') == {_TLS}.issuerRef.group && "
        f"(!has(i.name) || i.name == {_TLS}.issuerRef.name))))"
    ),
    "networks": (
        "(has(object.spec.proxy) && has(object.spec.proxy.trustedProxies) ? object.spec.proxy.trustedProxies : [])"
        f".map(t, t == '*' ? t : ({_NETWORK}))"
    ),
    "byNetworks": (
        "variables.byTLS.filter(a, !has(a.trustedProxies) || '*' in a.trustedProxies || variables.networks.all(g, "
        f"g != '*' && a.trustedProxies.exists(t, cidr({_NETWORK}).containsCIDR(g))))"
    ),
}
_FIELDS: Final = {
    "byAnnotations": "spec.route.annotations",
    "byHosts": "spec.route.hosts or spec.route.tls.domains",
    "byPrefix": "spec.route.pathPrefix",
    "byEntryPoints": "spec.route.entryPoints or spec.route.parentRefs",
    "byClass": "spec.route.ingressClassName",
    "byTLS": "spec.route.tls",
}
"""List of policies, to the field with a value that no policy of the list before it allows."""


def admission_objects(specs: Sequence[Mapping[str, Any]], name: str = "proxiedapp") -> list[Manifest]:
    """Return a ValidatingAdmissionPolicy and its binding for ProxyPolicies, which are given as their specs."""
    return objects_with(cel_literal(specs), name)


def objects_with(policies: str, name: str) -> list[Manifest]:
    """Return both objects with a CEL expression for the list of policies."""
    variables = {"policies": policies, **_VARIABLES}
    policy = {
        "apiVersion": _API_VERSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            # What cannot be evaluated is admitted, since the operator applies the policies in any case.
            "failurePolicy": "Ignore",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [GROUP],
                        "apiVersions": [API_VERSION.rpartition("/")[2]],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["proxiedapps"],
                    }
                ]
            },
            # An app that is not allowed any more can still be labelled, suspended and deleted.
            "matchConditions": [
                {"name": "changes-the-spec", "expression": "oldObject == null || object.spec != oldObject.spec"}
            ],
            "variables": [{"name": key, "expression": expression} for key, expression in variables.items()],
            "validations": list(_validations()),
        },
    }
    binding = {
        "apiVersion": _API_VERSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    return [policy, binding]


def cel_literal(value: object) -> str:
    """Write a JSON value as a CEL expression. The API server refuses lists and maps of different types without dyn."""
    match value:
        case Mapping():
            return (
                "dyn({"
                + ", ".join(f"{json.dumps(key)}: {cel_literal(each)}" for key, each in sorted(value.items()))
                + "})"
            )
        case str():
            return f"dyn({json.dumps(value)})"
        case Iterable():
            return "dyn([" + ", ".join(map(cel_literal, value)) + "])"
        case _:
            return f"dyn({json.dumps(value)})"


def _validations() -> Iterable[Manifest]:
    yield {
        "expression": "size(variables.policies) == 0 || size(variables.selecting) > 0",
        "reason": "Forbidden",
        "messageExpression": (
            "'no ProxyPolicy selects the namespace ' + request.namespace + "
            "'. Ask the administrators of the cluster for a ProxyPolicy that selects this namespace.'"
        ),
    }
    field = "".join(f"size(variables.{name}) == 0 ? '{field}' : " for name, field in _FIELDS.items())
    yield {
        "expression": "size(variables.selecting) == 0 || size(variables.byNetworks) > 0",
        "reason": "Forbidden",
        "messageExpression": (
            "'no ProxyPolicy that selects the namespace ' + request.namespace + ' allows this app because of ' + "
            f"({field}'spec.proxy.trustedProxies') + '. Use a value that is allowed, or ask the administrators of the "
            "cluster to allow it.'"
        ),
    }
