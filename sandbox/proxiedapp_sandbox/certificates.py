"""Keys and certificates of the sandbox's servers: new at each start, valid for loopback and the node's address only."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trustme

_VALID: Final = timedelta(days=365)


def write_key(path: Path) -> None:
    """Write a new private key (ECDSA, P-256) that only its owner can read."""
    _write_private(path, trustme.CA().private_key_pem)


def write_serving_certificate(folder: Path, name: str, *addresses: str) -> tuple[Path, Path, Path]:
    """Write a new authority and a certificate that it issued for localhost, 127.0.0.1 and further IP addresses.

    `name` is the certificate's common name and the stem of the files. Returns the paths of the authority's certificate,
    the certificate and its key.
    """
    authority = trustme.CA()
    leaf = authority.issue_cert(
        "127.0.0.1", *addresses, "localhost", common_name=name, not_after=datetime.now(UTC) + _VALID
    )
    authority_file, certificate_file, key_file = (folder / f"{name}{suffix}" for suffix in ("-ca.crt", ".crt", ".key"))
    authority.cert_pem.write_to_path(authority_file)
    leaf.cert_chain_pems[0].write_to_path(certificate_file)
    _write_private(key_file, leaf.private_key_pem)
    return authority_file, certificate_file, key_file


def _write_private(path: Path, pem: trustme.Blob) -> None:
    path.touch(mode=0o600)
    pem.write_to_path(path)
