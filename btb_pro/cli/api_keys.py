"""btb-pro api-key: the keys of other programs."""

from collections.abc import Sequence

import click

from btb_pro import clock
from btb_pro.cli.common import Command, changing, open_instance
from btb_pro.cli.tables import tell
from btb_pro.roles import Scope
from btb_pro.services.api_keys import NewKey, add_key, list_keys, revoke_key


@click.group("api-key")
def api_key() -> None:
    """Makes, lists and revokes the keys with which other programs use /api/v1.

    \b
    Example:
      btb-pro api-key list
    """


@api_key.command("add", cls=Command)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="Once for each.",
)
@click.option("--site", metavar="CODE", help="The one site that it opens; without it, all.")
@click.option("--days", type=int, metavar="N", help="How long it lasts; without it, until it is revoked.")
def add(name: str, scopes: Sequence[str], site: str | None, days: int | None) -> None:
    """Makes a key and prints it, alone on standard output: nobody can show it a second time.

    NAME says which program it is for; the audit trail calls it by that.

    \b
    Example:
      btb-pro api-key add "hospital system" --scope participants:write --site oslo --days 365
    """
    with changing() as change:
        new = NewKey(name, [Scope(scope) for scope in scopes], site, days)
        secret = add_key(change.session, change.context, change.runtime.study, new)
    click.echo(secret)


@api_key.command("list", cls=Command)
def list_all() -> None:
    """Lists the keys with what they open and when each was last used, in Norwegian time; never a key itself.

    \b
    Example:
      btb-pro api-key list
    """
    rows = [["name", "scopes", "site", "state", "made", "by", "until", "last used"]]
    with open_instance() as runtime, runtime.database.reading() as session:
        for one in list_keys(session):
            moments = [one.created_at, one.expires_at, one.last_used_at]
            made, until, used = (clock.local_text(at)[:16] if at else "-" for at in moments)
            scopes = " ".join(scope.value for scope in one.scopes)
            site = one.site or "all"
            rows.append([one.name, scopes, site, one.state.value, made, one.created_by, until, used])
    tell(rows, "There are no keys yet: see btb-pro api-key add --help.")


@api_key.command("revoke", cls=Command)
@click.argument("name")
def revoke(name: str) -> None:
    """Lets a key open nothing from the next request on.

    \b
    Example:
      btb-pro api-key revoke "hospital system"
    """
    with changing() as change:
        revoke_key(change.session, change.context, name)
    click.echo(f"Revoked {name}.")
