"""The administration behind TLS, as a task among others on a loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from local.servicebus.admin.certificate import Certificate

FAREWELL_SECONDS = 1


class Server(uvicorn.Server):
    """Leaves the process' signals to the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp, files: Certificate, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the block runs; gives the port, found if it was 0. Errors: OSError, the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        server = Server(
            uvicorn.Config(
                app,
                ssl_certfile=files.certificate,
                ssl_keyfile=files.key,
                log_level="warning",
                lifespan="off",
                timeout_graceful_shutdown=FAREWELL_SECONDS,
                ws_ping_interval=None,  # a client that is busy elsewhere may answer late
                ws_per_message_deflate=False,
            )
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            await asyncio.wait([task])
