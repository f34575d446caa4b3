"""A private key of the hub, and what it signs: short tokens (JWT) that another system checks.

The kind of key decides the algorithm: Ed25519 signs EdDSA, RSA of at least 2048 bits RS256. Each token says
by `kid` which key signed it, the key's own thumbprint (RFC 7638): both sides know it without agreeing, and a
new key can be trusted there before it is used here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

ALGORITHMS = {"EdDSA": ("crv", "kty", "x"), "RS256": ("e", "kty", "n")}
"""Algorithm → the members of a public key that are hashed for its thumbprint, in their order."""
SHORTEST_RSA = 2048
WANTED = f"a private key in PEM (PKCS 8), Ed25519 or RSA of at least {SHORTEST_RSA} bits, without a password"


@dataclass(frozen=True)
class SigningKey:
    """Never shown: neither by printing it nor by an error."""

    algorithm: str
    kid: str
    _key: Any = field(repr=False)

    @classmethod
    def read(cls, pem: str) -> SigningKey:
        """A key in a variable of one line has its line ends written out. ValueError does not show it."""
        text = pem.replace("\\n", "\n")
        for algorithm, members in ALGORITHMS.items():
            key = _read(algorithm, text)
            if key is not None:
                return cls(algorithm, _thumbprint(algorithm, key, members), key)
        raise ValueError(f"not {WANTED}")

    def sign(self, claims: Mapping[str, Any]) -> str:
        return jwt.encode(dict(claims), self._key, algorithm=self.algorithm, headers={"kid": self.kid})


def _read(algorithm: str, pem: str) -> Any | None:
    """The key where it is private, strong enough, and one that this algorithm signs with."""
    try:
        key = jwt.get_algorithm_by_name(algorithm).prepare_key(pem)
    except (jwt.InvalidKeyError, ValueError, TypeError):
        return None
    is_private = hasattr(key, "private_bytes")
    return key if is_private and getattr(key, "key_size", SHORTEST_RSA) >= SHORTEST_RSA else None


def _thumbprint(algorithm: str, key: Any, members: tuple[str, ...]) -> str:
    shown = jwt.get_algorithm_by_name(algorithm).to_jwk(key, as_dict=True)
    public = json.dumps({name: shown[name] for name in members}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(public.encode()).digest()).decode().rstrip("=")
