"""Looks for secrets in texts: keys, connection strings, passwords in addresses, tokens.

    secrets.found("AccountKey=...")     [(1, "a key in a connection string")]

What stands for a secret is none: `...`, `<key>`, `${key}`, a name of a variable, a reference into the vault.
"""

from __future__ import annotations

import re

VALUE = r"(?![\s\"'`]*(?:\.\.\.|<|\$|\{|@Microsoft\.KeyVault|…|password\b|secret\b))"
"""What follows is more than a place for a value."""

SIGNS = r"[\w+/~!#%^&*.=-]"
SETTING = r"(?i)(?:password|passwd|secret|token|api_?key)[\"']?\s*[:=]\s*[\"']"
CONNECTION = r"(?:AccountKey|SharedAccessKey|SharedAccessSignature)\s*=\s*"
MIXED = r"(?=[^\"'\s]*\d)(?=[^\"'\s]*[a-z])"
"""Letters and digits: words alone are a sentence."""

KINDS = {
    "a key in a connection string": rf"{CONNECTION}{VALUE}[\w+/%=-]{{16,}}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*\\?n?\s*[A-Za-z0-9+/]{16,}",
    "a password in an address": rf"\b[a-z][a-z0-9+.-]*://[^/\s:@\"'`]+:{VALUE}[^/\s@\"'`]{{3,}}@",
    "a token": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
    "a signature of storage": r"[?&]sig=[\w%+/-]{20,}",
    "a secret of an Entra application": r"\b[\w~.-]{3}8Q~[\w~.-]{31,}",
    "a consumer key or secret of Salesforce": r"\b3MVG9[\w.]{40,}",
    "a secret in a setting": rf"{SETTING}{VALUE}{MIXED}{SIGNS}{{16,}}[\"']",
}
PATTERNS = {name: re.compile(pattern) for name, pattern in KINDS.items()}


def found(text: str) -> list[tuple[int, str]]:
    """The line of each secret, and what it is. Never the secret."""
    return sorted(
        (text.count("\n", 0, hit.start()) + 1, name)
        for name, pattern in PATTERNS.items()
        for hit in pattern.finditer(text)
    )
