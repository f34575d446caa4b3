"""Where there is no password, each new connection to PostgreSQL asks for a token and gives that.

The server here is a few lines that know only the beginning of the protocol: it asks for the password in clear
text, keeps it, and refuses.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from threading import Thread

import pytest

from shared.adapters.store import Store
from shared.model.errors import Unavailable

IN_CLEAR_TEXT = b"R" + struct.pack("!ii", 8, 3)
REFUSED = b"SFATAL\0C28P01\0Mwrong\0\0"


class Door:
    """Accepts connections, one after another, and notes what each gives as its password."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                lines.read(struct.unpack("!i", lines.read(4))[0] - 4)
                connection.sendall(IN_CLEAR_TEXT)
                kind, size = struct.unpack("!ci", lines.read(5))
                assert kind == b"p"
                self.given.append(lines.read(size - 4).rstrip(b"\0").decode())
                connection.sendall(b"E" + struct.pack("!i", len(REFUSED) + 4) + REFUSED)


@pytest.fixture
def door() -> Iterator[Door]:
    opened = Door()
    yield opened
    opened.close()


def test_each_new_connection_gives_a_fresh_token_as_its_password(door: Door):
    tokens = iter(["first token", "second token"])
    url = f"postgresql+psycopg://hub@127.0.0.1:{door.port}/hub?sslmode=disable&gssencmode=disable"
    store = Store(url, password=lambda: next(tokens))

    for _ in range(2):
        with pytest.raises(Unavailable):
            store.transact_now(lambda _tx: None)
    store.close()

    assert door.given == ["first token", "second token"]


def test_a_token_that_is_not_given_is_no_mistake_of_a_record():
    def refuse() -> str:
        raise Unavailable("no token", reason="StoreUnavailable")

    store = Store("postgresql+psycopg://hub@127.0.0.1:1/hub", password=refuse)

    with pytest.raises(Unavailable, match="no token"):
        store.transact_now(lambda _tx: None)
