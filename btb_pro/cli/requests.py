"""btb-pro request: what participants ask the hospital for."""

import click

from btb_pro import clock
from btb_pro.cli.common import Command, Refused, changing, open_instance
from btb_pro.cli.tables import tell
from btb_pro.services.made_requests import list_open_requests
from btb_pro.services.requests import settle_request

_LARGEST_NUMBER = 2**31 - 1


@click.group("request")
def request() -> None:
    """Lists and settles what participants ask for: a new link, no reminders, a correction.

    \b
    Example:
      btb-pro request list
    """


@request.command("list", cls=Command)
@click.option("--site", default="", metavar="SITE", help="Only this site.")
def list_open(site: str) -> None:
    """Lists what is not settled yet, oldest first, in Norwegian time; never its text, which may hold answers.

    new_link: would like another link. not_me: the link went to the wrong person and was ended. stop: wants no
    more reminders. mistake: wants something corrected in what was sent in.

    \b
    Example:
      btb-pro request list --site oslo
    """
    with open_instance() as runtime, runtime.database.reading() as session:
        codes = [one.code for one in runtime.study.sites]
        if site and site not in codes:
            raise Refused(f"{site!r} is no site of this study: use one of {', '.join(codes)}.")
        listed = list_open_requests(session, site)
    rows = [["number", "id", "site", "visit", "kind", "received"]]
    for one in listed:
        received = one.received_at.astimezone(clock.OSLO).strftime("%Y-%m-%d %H:%M")
        rows.append([f"{one.number}", one.study_number, one.site, one.visit, one.kind.value, received])
    tell(rows, "No request is open.")


@request.command("settle", cls=Command)
@click.argument("number", type=click.IntRange(1, _LARGEST_NUMBER))
@click.option("--note", required=True, help="What was done; kept in the audit trail. Name nobody.")
@click.option("--resume", is_flag=True, help="Messages may be sent again after a not_me or a stop.")
def settle(number: int, note: str, resume: bool) -> None:
    """Records that a request was dealt with. Nothing else changes: a correction or a new link is made apart.

    \b
    Example:
      btb-pro request settle 3 --note "rang the participant and sent a new link"
    """
    with changing() as change:
        settle_request(change.session, change.context, number, note, resumes_messages=resume)
    click.echo(f"Settled request {number}.")
