"""Signs in to PostgreSQL as a managed identity: a token that lives for hours is given in place of a password.

Asked for by each new connection; the identity's library keeps a token while it is good.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.model.errors import Unavailable

SCOPE = "https://ossrdbms-aad.database.windows.net/.default"
Password = Callable[[], str]


def by_identity(client_id: str) -> Password:
    """What gives the identity's token. Nothing is asked for before the first connection."""
    from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 - slow to import, and only in Azure

    credential = ManagedIdentityCredential(client_id=client_id)

    def token() -> str:
        try:
            return str(credential.get_token(SCOPE).token)
        except Exception as error:
            # The library has a dozen errors for it; none says that anything but the platform is at fault.
            raise Unavailable(
                f"the store: the identity gets no token ({type(error).__name__})", reason="StoreUnavailable"
            ) from error

    return token
