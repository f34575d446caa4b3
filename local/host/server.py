"""uvicorn, on this machine only, told by us when to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from local.host.errors import BadApp

ADDRESS = "127.0.0.1"  # a desk's host, whose keys are known to all, is never to be seen from outside


class Server(uvicorn.Server):
    """Listens from the moment it is made, so that the port is known before anything is served."""

    def __init__(self, app: ASGIApp, port: int, grace: float) -> None:
        self._socket = _listening(port)
        self.ready = asyncio.Event()
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            lifespan="off",
            proxy_headers=False,  # a caller's own X-Forwarded-For is no word of ours
            timeout_graceful_shutdown=max(1, round(grace)),
        )
        super().__init__(config)

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self._socket.getsockname()[1]}"

    async def run_until_stopped(self) -> None:
        try:
            await self.serve([self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command's: the timers and the bus stop with the server."""
        yield


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((ADDRESS, port))
    except OSError as error:
        raise BadApp(
            f"port {port} of {ADDRESS} cannot be had ({error.strerror}); name another with --port"
        ) from error
