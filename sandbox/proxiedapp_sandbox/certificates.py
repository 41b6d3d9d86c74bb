"""Keys and certificates of the sandbox's API server: made anew each time, for loopback and the node alone."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_VALID: Final = timedelta(days=365)


def write_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Make a private key and write it, readable by its owner only."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return key


def write_serving_certificate(folder: Path, name: str, *addresses: str) -> tuple[Path, Path, Path]:
    """Write an authority and a certificate for localhost, 127.0.0.1 and further addresses.

    Returns (authority, certificate, key).
    """
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _builder("proxiedapp sandbox", "proxiedapp sandbox", authority_key)
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    authority = authority.add_extension(_usage(signs_certificates=True), critical=True)
    signed_authority = authority.sign(authority_key, hashes.SHA256())

    key_file = folder / f"{name}.key"
    leaf = _builder(name, "proxiedapp sandbox", write_key(key_file))
    known = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", *addresses)]
    leaf = leaf.add_extension(x509.SubjectAlternativeName([*known, x509.DNSName("localhost")]), critical=False)
    leaf = leaf.add_extension(_usage(signs_certificates=False), critical=True)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
    )
    signed_leaf = leaf.sign(authority_key, hashes.SHA256())

    authority_file, certificate_file = folder / f"{name}-ca.crt", folder / f"{name}.crt"
    authority_file.write_bytes(signed_authority.public_bytes(serialization.Encoding.PEM))
    certificate_file.write_bytes(signed_leaf.public_bytes(serialization.Encoding.PEM))
    return authority_file, certificate_file, key_file


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
