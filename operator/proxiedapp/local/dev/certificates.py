"""The certificate for `--https`, issued by an authority that the user can trust once.

The authority stays in the user's cache folder, so that a browser which trusts it accepts every later certificate. Its
key signs whatever its owner wants, so only the owner can read it.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from proxiedapp.local.errors import LocalError

_DEBIAN: Final = "/usr/local/share/ca-certificates/proxiedapp-dev.crt"


def authority_folder() -> Path:
    """Return the folder of the authority: below XDG_CACHE_HOME, or else ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "proxiedapp" / "dev"


def write_certificate(folder: Path, names: Iterable[str]) -> tuple[Path, Path]:
    """Write a certificate for these host names and addresses; return its path and that of its key.

    Raises LocalError if the library for it is not installed.
    """
    try:
        import trustme  # noqa: PLC0415 - only for --https, and only in proxiedapp[dev]
    except ImportError:
        raise LocalError(
            "--https: the package trustme is not installed. Install it with `pip install 'proxiedapp[dev]'`"
        ) from None
    kept = authority_folder()
    certificate, key = kept / "authority.pem", kept / "authority.key"
    if certificate.is_file() and key.is_file():
        authority = trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    else:
        authority = trustme.CA(organization_name="proxiedapp dev", organization_unit_name="this machine")
        kept.mkdir(parents=True, exist_ok=True)
        _write_private(key, authority.private_key_pem.bytes())
        certificate.write_bytes(authority.cert_pem.bytes())
    leaf = authority.issue_cert(*dict.fromkeys(("localhost", "127.0.0.1", "::1", *names)))
    chain, chain_key = folder / "tls.crt", folder / "tls.key"
    chain.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    _write_private(chain_key, leaf.private_key_pem.bytes())
    return chain, chain_key


def how_to_trust() -> str:
    """Return how to make browsers and programs of this machine trust the authority."""
    certificate = authority_folder() / "authority.pem"
    return "\n".join(
        (
            f"The authority of `proxiedapp dev --https` is {certificate}; --https creates it if it does not exist.",
            f"curl:     curl --cacert {certificate} https://localhost:8443/",
            f"Python:   SSL_CERT_FILE={certificate} python ...",
            f"Debian:   sudo cp {certificate} {_DEBIAN} && sudo update-ca-certificates",
            f"macOS:    security add-trusted-cert -k ~/Library/Keychains/login.keychain-db {certificate}",
            "Firefox:  Settings > Privacy & Security > Certificates > View Certificates > Authorities > Import",
            f"Chromium: Settings > Privacy and security > Security > Manage certificates > Import {certificate}",
        )
    )


def _write_private(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - from a descriptor
        file.write(content)
