"""Ingress classes as Traefik compares them. Pure."""


def normalized_class(name: str | None) -> str:
    """Return an ingress class in a form that can be compared: no class, an empty one and `traefik` are the same.

    A Traefik without the option `ingressClass` serves objects of all three, and any other Traefik only objects whose
    class equals its option (`shouldProcessIngress` in Traefik's `pkg/provider/kubernetes/crd/kubernetes.go`, v3.7.13;
    measured with 3.7.15). The operator does not know that option. A Traefik whose option is `traefik` does not serve
    objects without a class, so to compare them as equal can only report a conflict too many, never one too few.
    """
    return "" if name is None or name == "traefik" else name
