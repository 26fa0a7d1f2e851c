"""btb-pro demo: a complete made-up study."""

import io
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import segno

from btb_pro.cli.common import Command, Refused, command_actor
from btb_pro.cli.server import serve_until_stopped, take_port
from btb_pro.config import instance_folder
from btb_pro.roles import Role
from btb_pro.services.demo import (
    FEWEST_PARTICIPANTS,
    DemoLink,
    DemoStudy,
    build_demo,
    demo_folder,
    reserved,
)
from btb_pro.services.demo_staff import DEMO_PASSWORD

_EVERY_ADDRESS = ("0.0.0.0", "::")
_NOT_OPENED = "not opened yet"
_BASELINE = "baseline"
_WORKERS = 2


@click.command("demo", cls=Command)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 lets in a phone nearby.")
@click.option("--participants", default=36, show_default=True, type=click.IntRange(FEWEST_PARTICIPANTS, 2000))
def demo(port: int, host: str, participants: int) -> None:
    """Builds a made-up study afresh, prints links to try, and serves it until it is stopped.

    Every other command works on it when BTB_INSTANCE names the folder that it prints.

    \b
    Example:
      btb-pro demo --host 0.0.0.0 --port 8123
    """
    taken = take_port(host, port)
    folder = demo_folder(instance_folder())
    address = _own_address() if host in _EVERY_ADDRESS else host
    try:
        with reserved(folder):
            study = build_demo(folder, _base_url(address, port), command_actor(), participants)
            for line in _lines(study, is_reachable=host in _EVERY_ADDRESS):
                click.echo(line)
            sys.stdout.flush()
            serve_until_stopped(study.settings, taken, _WORKERS)
    except OSError as error:
        sentence = f"The folder {folder} cannot be written ({error.strerror})."
        raise Refused(f"{sentence} Start from another folder, or name one with BTB_INSTANCE.") from error


def _own_address() -> str:
    """This machine's address on its network. Connecting a datagram socket chooses one and sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            pass
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return "127.0.0.1"


def _base_url(address: str, port: int) -> str:
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def _lines(study: DemoStudy, is_reachable: bool) -> Iterator[str]:
    folder = study.settings.instance
    yield f"btb_pro: a made-up study with {study.participants} participants, at {study.settings.base_url}"
    yield (
        f"Built afresh in {_short(folder)}; whatever is entered is gone at the next start, and so is the key "
        "that opens its backups."
    )
    unopened = [link for link in study.links if link.visit == _BASELINE and link.state == _NOT_OPENED]
    for language, name in (("nb", "Norwegian"), ("en", "English")):
        yield f"\nBaseline, {name}, {_NOT_OPENED}"
        for link in unopened:
            if link.language == language:
                yield f"  {link.study_number}  {link.address}"
    yield "\nOther states"
    yield from _other_states(study.links)
    command = f"BTB_INSTANCE={_short(folder)} btb-pro"
    yield f"  {'not invited':<22}no link yet: {command} invite {study.not_invited[0]} baseline"
    yield f"\nThe staff's pages: {study.settings.base_url}/console/, password of all: {DEMO_PASSWORD}"
    yield from (f"  {role.value}@demo.example" for role in Role)
    yield "\nThe command line works on it too, for example"
    yield f"  {command} participant list"
    yield from _qr_lines([link for link in unopened if link.language == "nb"][-1], is_reachable)


def _other_states(links: Sequence[DemoLink]) -> Iterator[str]:
    told = {_NOT_OPENED}
    for link in links:
        if link.visit == _BASELINE and link.state not in told:
            told.add(link.state)
            yield f"  {link.state:<22}{link.address}"
    later = next((link for link in links if link.visit != _BASELINE and link.state == _NOT_OPENED), None)
    if later is not None:
        yield f"  {f'{later.visit}, {_NOT_OPENED}':<22}{later.address}"


def _qr_lines(link: DemoLink, is_reachable: bool) -> Iterator[str]:
    where = "a phone on the same network"
    if not is_reachable:
        where = "this machine alone (a phone can open it after make demo HOST=0.0.0.0)"
    yield f"\nQR code for {where} ({link.study_number}, Norwegian)"
    drawn = io.StringIO()
    segno.make(link.address, error="l").terminal(drawn, compact=True)
    yield drawn.getvalue()


def _short(folder: Path) -> str:
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
