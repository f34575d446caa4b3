"""A certificate for this machine alone, made at the first start and used again afterwards.

The administration client insists on HTTPS. Its user trusts this one file (`REQUESTS_CA_BUNDLE`,
`connection_verify=`), so it is its own authority, and good for localhost only.
"""

import os
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FOR = timedelta(days=825)
RENEWED_BEFORE = timedelta(days=1)
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])


class Certificate(NamedTuple):
    certificate: Path
    key: Path


def certificate_in(folder: Path, now: datetime) -> Certificate:
    """The one that is there, if it is still good; otherwise a new one."""
    files = Certificate(folder / "localhost.pem", folder / "localhost-key.pem")
    if not (files.key.exists() and _is_good(files.certificate, now)):
        folder.mkdir(parents=True, exist_ok=True)
        _make(files, now)
    return files


def _is_good(file: Path, now: datetime) -> bool:
    if not file.exists():
        return False
    try:
        found = x509.load_pem_x509_certificate(file.read_bytes())
    except ValueError:
        return False
    return found.not_valid_before_utc <= now <= found.not_valid_after_utc - RENEWED_BEFORE


def _make(files: Certificate, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _described(key.public_key(), now).sign(key, hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_secret(files.key, secret)
    files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))


def _described(key: ec.EllipticCurvePublicKey, now: datetime) -> x509.CertificateBuilder:
    names = [x509.DNSName("localhost"), *(x509.IPAddress(ip_address(ip)) for ip in ("127.0.0.1", "::1"))]
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(purposes, critical=False)
    )


def _write_secret(file: Path, secret: bytes) -> None:
    """Readable for its owner only, from the first byte on."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(secret)
