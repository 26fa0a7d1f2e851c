"""btb-pro serve: the web server of an instance."""

import click

from btb_pro.cli.common import Command, open_instance
from btb_pro.cli.server import serve_until_stopped, take_port


@click.command("serve", cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 for every address.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Serves the participants' pages until it is stopped; behind a proxy with TLS, when people are real.

    \b
    Example:
      btb-pro serve --port 8000 --workers 2
    """
    with open_instance() as runtime:
        settings = runtime.settings
    taken = take_port(host, port)
    click.echo(f"Serving on {host}, port {port}. Links begin with {settings.base_url}/s/. Stop with Ctrl-C.")
    serve_until_stopped(settings, taken, workers)
