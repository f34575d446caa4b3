"""The keys of the host: one for functions of level `function`, and the master key, which opens everything."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

HEADER = "x-functions-key"
FUNCTION_KEY, FUNCTION_KEY_VARIABLE = "local-function-key", "HOST_FUNCTION_KEY"
"""Of a desk, and the variable that names another."""
PARAMETER = "code"


@dataclass(frozen=True, slots=True)
class Keys:
    function: str
    admin: str

    def admit(self, level: str, headers: Mapping[str, str], parameters: Mapping[str, str]) -> bool:
        shown = headers.get(HEADER) or parameters.get(PARAMETER) or ""
        accepted = {"anonymous": (), "function": (self.function, self.admin)}.get(level, (self.admin,))
        return level == "anonymous" or any(_equal(shown, key) for key in accepted)


def _equal(shown: str, key: str) -> bool:
    return hmac.compare_digest(shown.encode(), key.encode())
