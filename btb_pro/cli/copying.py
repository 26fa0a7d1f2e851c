"""btb-pro copy: a hospital's certified copy, on the machine itself."""

from pathlib import Path

import click

from btb_pro.cli.common import Command, Refused, command_context, open_instance
from btb_pro.exports.files import new_file
from btb_pro.exports.folder import publish_file
from btb_pro.services.certified_copy import copy_chunks, order_copy


@click.command("copy", cls=Command)
@click.argument("site")
@click.option("--out", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--language", default="", metavar="nb|en", help="Of the pages; without it the study's first.")
def copy(site: str, out: Path, language: str) -> None:
    """Writes the certified copy of one site: pages and JSON of every participant, with the audit trail.

    An investigator takes the same in the console, with nobody in between. Nothing of btb_pro is needed to
    read it: unpack it, open index.html, and prove it with sha256sum -c SHA256SUMS.

    \b
    Example:
      btb-pro copy oslo --out oslo-2026-01-31.zip
    """
    if out.exists():
        raise Refused(f"{out} is there already: name a new file.")
    with open_instance() as runtime:
        codes = [one.code for one in runtime.study.sites]
        spoken = runtime.study.languages
        if site not in codes:
            raise Refused(f"{site!r} is no site of this study: use one of {', '.join(codes)}.")
        if language and language not in spoken:
            raise Refused(f"{language!r} is no language of this study: use one of {', '.join(spoken)}.")
        with runtime.database.writing() as session:
            order = order_copy(session, command_context(runtime), site, language or spoken[0])
            session.commit()
        draft = out.with_name(f".{out.name}.partial")
        try:
            draft.unlink(missing_ok=True)
            with new_file(draft) as file:
                for chunk in copy_chunks(runtime, order):
                    file.write(chunk)
                made = file.finish(0)
            publish_file(draft, out)
        except OSError as error:
            raise Refused(
                f"The copy cannot be written to {out} ({error.strerror or error}): nothing was left there. "
                "Name a file in a place that can be written and has room."
            ) from error
        finally:
            draft.unlink(missing_ok=True)
    click.echo(f"Wrote {out}, up to event {order.cutoff.seq}: SHA-256 {made.sha256}")
