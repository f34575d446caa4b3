"""Who may send people to a desk's LMS: the hub of the same desk, and people of its CRMs."""

from __future__ import annotations

from typing import Final

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from local.systems.lms.sso import Trust
from shared.adapters.signing import SigningKey

ISSUER: Final = "crosswalk"
AUDIENCE: Final = "https://lms.example"
STAFF: Final = ("dana@crm.example", "lee@crm.example", "integration@crosswalk.example")
"""Who work in the CRMs: they have accounts of their own in the LMS."""


def trust_in(*pems: str) -> Trust:
    """In who holds one of these private keys: its public half is kept, under the id that the hub gives it."""
    return Trust(ISSUER, AUDIENCE, tuple(map(_public, pems)))


def _public(pem: str) -> jwt.PyJWK:
    signing = SigningKey.read(pem)
    algorithm = jwt.get_algorithm_by_name(signing.algorithm)
    public = load_pem_private_key(pem.encode(), None).public_key()
    return jwt.PyJWK({**algorithm.to_jwk(public, as_dict=True), "kid": signing.kid}, signing.algorithm)
