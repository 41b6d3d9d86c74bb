"""The certificate for `--https`, issued by an authority that the user can trust once.

The authority stays in the user's cache folder, so that a browser which trusts it accepts every later certificate. Its
key signs whatever its owner wants, so only the owner can read it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proxiedapp.local.dev.cachefolder import cache_folder
from proxiedapp.local.errors import LocalError, reason_of

if TYPE_CHECKING:
    import trustme

_CERTIFICATE: Final = "authority.pem"
_KEY: Final = "authority.key"
_DEBIAN: Final = "/usr/local/share/ca-certificates/proxiedapp-dev.crt"


def authority_folder() -> Path:
    """Return the folder of the authority."""
    return cache_folder() / "dev"


def write_certificate(folder: Path, names: Iterable[str]) -> tuple[Path, Path]:
    """Write a certificate for these host names and addresses; return its path and that of its key.

    Raises LocalError if the library for it is not installed, or the authority cannot be kept.
    """
    if find_spec("trustme") is None:
        raise LocalError(
            "--https: the package trustme is not installed. Install it with `pip install 'proxiedapp[dev]'`"
        )
    kept = authority_folder()
    try:
        authority = _read(kept) or _create(kept)
    except OSError as error:
        fix = "Set XDG_CACHE_HOME to a folder that you can write to"
        raise LocalError(f"--https: cannot keep its authority in {kept}: {reason_of(error)}. {fix}") from error
    leaf = authority.issue_cert(*dict.fromkeys(("localhost", "127.0.0.1", "::1", *names)))
    chain, chain_key = folder / "tls.crt", folder / "tls.key"
    chain.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    _write_private(chain_key, leaf.private_key_pem.bytes())
    return chain, chain_key


def _read(folder: Path) -> "trustme.CA | None":
    """Return the authority in a folder; None if there is none, or only a part of one."""
    import trustme  # noqa: PLC0415 - only for --https, and only in proxiedapp[dev]

    try:
        pair = (folder / _CERTIFICATE).read_bytes(), (folder / _KEY).read_bytes()
        return trustme.CA.from_pem(*pair)
    except (FileNotFoundError, ValueError):
        return None


def _create(folder: Path) -> "trustme.CA":
    """Create an authority; another run may do so at the same time, and then the first one counts for both."""
    import trustme  # noqa: PLC0415 - only for --https, and only in proxiedapp[dev]

    authority = trustme.CA(organization_name="proxiedapp dev", organization_unit_name="this machine")
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        _write_private(new / _KEY, authority.private_key_pem.bytes())
        (new / _CERTIFICATE).write_bytes(authority.cert_pem.bytes())
        if folder.exists() and _read(folder) is None:
            shutil.rmtree(folder)
        new.rename(folder)
    except OSError:
        if (first := _read(folder)) is None:
            raise
        authority = first
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return authority


def how_to_trust() -> str:
    """Return how to make browsers and programs of this machine trust the authority."""
    certificate = authority_folder() / _CERTIFICATE
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
