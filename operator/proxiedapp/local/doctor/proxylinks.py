"""The links about the proxy: Traefik's version, risky options, entry points, and its addresses against trust. Pure."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from proxiedapp.api.addresses import without_mapping
from proxiedapp.local.doctor.link import Link, ok, unknown, warning, wrong
from proxiedapp.local.doctor.traefik import Traefik

_FLOORS: Final[Mapping[tuple[int, int], int]] = {(3, 6): 22, (3, 7): 6}
"""The first patch release of each minor one without the known holes of the CRD provider and of path matching (Traefik's
security advisories, up to v3.7.13)."""
_NEWEST: Final = (3, 7)
_RISKY: Final[tuple[tuple[str, str, str], ...]] = (
    ("api.insecure", "anyone who reaches its port reads all routes", "Remove --api.insecure, or close its port"),
    (
        "providers.kubernetescrd.allowcrossnamespace",
        "a route can name middlewares and services of other namespaces",
        "Remove --providers.kubernetescrd.allowCrossNamespace, unless your namespaces trust each other",
    ),
)
"""Switches of Traefik, what each allows, and what to do."""


def version_links(traefik: Traefik) -> Iterator[Link]:
    """Yield what the version of a Traefik means."""
    version = traefik.version
    if version is None:
        yield unknown("traefik version", traefik.name, "The tag of its image shows no version.")
        return
    text = ".".join(map(str, version))
    floor = _FLOORS.get(version[:2])
    if version[:2] > _NEWEST or (floor is not None and version[2] >= floor):
        yield ok("traefik version", traefik.name, f"It is Traefik {text}.")
        return
    if version[0] < _NEWEST[0]:
        found = f"It is Traefik {text}, which has no API traefik.io/v1alpha1 that the operator supports."
        yield wrong("traefik version", traefik.name, found, "Upgrade it to 3.7.12 or later.")
        return
    found = f"It is Traefik {text}, which has known holes in path matching and in its CRD provider."
    yield warning(
        "traefik version", traefik.name, found, "Upgrade it to 3.6.22, 3.7.6 or later; 3.7.12 is recommended."
    )


def option_links(traefik: Traefik) -> Iterator[Link]:
    """Yield the options of a Traefik that are a risk."""
    for option, effect, fix in _RISKY:
        if option in traefik.options and traefik.switched_on(option):
            yield warning("traefik options", traefik.name, f"--{option} is set, so {effect}.", f"{fix}.")
    for option, value in traefik.options.items():
        _, _, name = option.partition(".")
        point = name.partition(".")[0]
        if option.endswith(".forwardedheaders.insecure") and traefik.switched_on(option):
            found = f"The entry point {point} passes on X-Forwarded-* headers of all clients, which can forge them."
            fix = f"Remove --entryPoints.{point}.forwardedHeaders.insecure; list outer proxies in trustedIPs instead."
            yield wrong("traefik options", traefik.name, found, fix)
        elif option.endswith(".forwardedheaders.trustedips") and any(part.endswith("/0") for part in value.split(",")):
            found = f"The entry point {point} trusts X-Forwarded-* headers of all addresses, so clients can forge them."
            fix = f"List only outer proxies in --entryPoints.{point}.forwardedHeaders.trustedIPs."
            yield wrong("traefik options", traefik.name, found, fix)
        elif option.endswith(".http.sanitizepath") and value.lower() == "false":
            found = f"The entry point {point} does not resolve /../ and // in paths before it compares them with rules."
            yield warning("traefik options", traefik.name, found, f"Remove --entryPoints.{point}.http.sanitizePath.")


def entry_point_link(traefik: Traefik, names: Iterable[str], about: str, fix: str) -> Link:
    """Return whether a Traefik has these entry points; names are compared without case, as Traefik does."""
    missing = [name for name in names if name.lower() not in traefik.entry_points]
    if not traefik.entry_points:
        return unknown("entry points", about, f"The options of {traefik.name} name none; they may be in its file.")
    if missing:
        known = ", ".join(sorted(traefik.entry_points))
        found = f"{traefik.name} has no entry point {' and '.join(missing)}; it has {known}."
        return wrong("entry points", about, found, fix)
    return ok("entry points", about, f"{traefik.name} has {' and '.join(names)}.")


def trust_link(addresses: Sequence[str], trusted: Sequence[str], about: str, fix: str) -> Link:
    """Return whether the addresses of the proxy's pods are trusted."""
    if not addresses:
        return unknown("trusted proxies", about, "No address of a pod of the proxy could be read.")
    foreign = [address for address in addresses if not trusts(trusted, address)]
    listed = ", ".join(trusted) or "no address"
    if foreign:
        found = f"The proxy's address {foreign[0]} is not trusted, so its headers are ignored; trusted: {listed}."
        return wrong("trusted proxies", about, found, fix)
    return ok("trusted proxies", about, f"The addresses of the proxy's pods are among those trusted: {listed}.")


def trusts(trusted: Iterable[str], address: str) -> bool:
    """Return whether a list of trusted proxies contains an address."""
    ip = ipaddress.ip_address(without_mapping(address))
    return any(one == "*" or ip in _network(one) for one in trusted)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(without_mapping(text))
    except ValueError:
        return ipaddress.ip_network("192.0.2.0/32")  # a name or the like, which servers do not resolve (RFC 5737)
