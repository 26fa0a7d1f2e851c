"""btb-pro user: the accounts of the staff."""

from collections.abc import Callable, Sequence

import click
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.cli.common import Change, Command, Refused, changing, open_instance
from btb_pro.cli.tables import tell
from btb_pro.i18n import LANGUAGES
from btb_pro.models.staff import Staff
from btb_pro.roles import Role
from btb_pro.services.audit import Context
from btb_pro.services.staff_accounts import StaffDetails, add_staff, disable_staff, enable_staff, sites_text
from btb_pro.services.staff_links import issue_link, link_address
from btb_pro.services.staff_listing import list_staff, list_staff_periods
from btb_pro.services.staff_sessions import find_staff


@click.group("user")
def user() -> None:
    """Adds, lists and disables the accounts of the staff.

    \b
    Example:
      btb-pro user list
    """


@user.command("add", cls=Command)
@click.argument("email")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--site", "sites", multiple=True, metavar="CODE", help="Once for each; without it, all.")
@click.option("--name", default="", help="Else the part of the address before the @.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Else the browser's own language decides.")
@click.option("--send", is_flag=True, help="Sends the link by e-mail instead of printing it.")
def add(email: str, role: str, sites: Sequence[str], name: str, language: str | None, send: bool) -> None:
    """Adds an account and prints its one-time link, alone on standard output.

    Whoever opens the link first chooses the password: hand it over in private. It is good for seven days.

    \b
    Example:
      btb-pro user add kari@hospital.example --role coordinator --site oslo --name "Kari Berg"
    """
    details = StaffDetails(
        name=name or email.partition("@")[0],
        role=Role(role),
        sites=frozenset(sites) or None,
        language=language,
    )
    with changing() as change:
        _require_mail(change, send)
        staff = add_staff(change.session, change.context, change.runtime, email, details)
        address = _link(change, staff, sends_mail=send)
    _hand_out(address, email, is_sent=send)


@user.command("list", cls=Command)
@click.option("--history", is_flag=True, help="Who had which role where, from when to when.")
def list_all(history: bool) -> None:
    """Lists the accounts, or with --history every role that somebody had, in Norwegian time.

    \b
    Example:
      btb-pro user list --history
    """
    with open_instance() as runtime, runtime.database.reading() as session:
        if history:
            rows = [["email", "name", "role", "sites", "from", "until"]]
            for period in list_staff_periods(session):
                until = clock.local_text(period.ended_at)[:16] if period.ended_at else "-"
                since = clock.local_text(period.began_at)[:16]
                sites = sites_text(period.sites)
                rows.append([period.email, period.name, period.role.value, sites, since, until])
        else:
            rows = [["email", "name", "role", "sites", "state", "second factor"]]
            for one in list_staff(session):
                factor = "yes" if one.has_second_factor else "no"
                rows.append(
                    [one.email, one.name, one.role.value, sites_text(one.sites), one.state.value, factor]
                )
    tell(rows, "There are no accounts yet: see btb-pro user add --help.")


@user.command("link", cls=Command)
@click.argument("email")
@click.option("--new-phone", is_flag=True, help="The phone is lost: password and second factor go at once.")
@click.option("--send", is_flag=True, help="Sends the link by e-mail instead of printing it.")
def link(email: str, new_phone: bool, send: bool) -> None:
    """Prints a new one-time link for an account, alone on standard output; older ones end.

    \b
    Example:
      btb-pro user link kari@hospital.example
    """
    with changing() as change:
        _require_mail(change, send)
        staff = find_staff(change.session, email)
        address = _link(change, staff, forgets_second_factor=new_phone, sends_mail=send)
    _hand_out(address, email, is_sent=send)


@user.command("disable", cls=Command)
@click.argument("email")
def disable(email: str) -> None:
    """Lets an account sign in no more; whoever is signed in with it is out at the next click.

    \b
    Example:
      btb-pro user disable kari@hospital.example
    """
    click.echo(f"Disabled {_with_account(email, disable_staff)}.")


@user.command("enable", cls=Command)
@click.argument("email")
def enable(email: str) -> None:
    """Lets a disabled account sign in again, with the password that it had.

    \b
    Example:
      btb-pro user enable kari@hospital.example
    """
    click.echo(f"Enabled {_with_account(email, enable_staff)}.")


def _with_account(email: str, verb: Callable[[Session, Context, Staff], None]) -> str:
    """Do something with an account; its address as it is stored."""
    with changing() as change:
        staff = find_staff(change.session, email)
        verb(change.session, change.context, staff)
        return staff.email


def _require_mail(change: Change, is_wanted: bool) -> None:
    if is_wanted and change.runtime.settings.mail_server is None:
        raise Refused("Nothing can be sent by email: set BTB_SMTP_URL and BTB_MAIL_FROM first.")


def _link(change: Change, staff: Staff, *, forgets_second_factor: bool = False, sends_mail: bool) -> str:
    made = issue_link(
        change.session,
        change.context,
        change.runtime,
        staff,
        forgets_second_factor=forgets_second_factor,
        sends_mail=sends_mail,
    )
    return link_address(change.runtime, made)


def _hand_out(address: str, email: str, *, is_sent: bool) -> None:
    """Print the link, or say that it goes by e-mail: a link that lies in two places is one too many."""
    if is_sent:
        click.echo(f"btb-pro work sends the link to {email}.", err=True)
    else:
        click.echo(address)
