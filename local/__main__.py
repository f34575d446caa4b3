"""The local cloud's commands: `python -m local --help`."""

import typer

from local.host.command import host
from local.prelink.command import prelink
from local.servicebus.command import servicebus
from local.systems.command import system, systems
from local.up.command import up
from local.up.touch import touch

app = typer.Typer(no_args_is_help=True)


@app.callback()
def local() -> None:
    """The cloud on your desk."""


app.command("host")(host)
app.command("prelink")(prelink)
app.command("servicebus")(servicebus)
app.command("system")(system)
app.command("systems")(systems)
app.command("touch")(touch)
app.command("up")(up)

if __name__ == "__main__":
    app()
