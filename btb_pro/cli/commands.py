"""Every command, for the console script and for Flask's; each loads what it needs when it is asked for."""

from pkgutil import resolve_name

import click

PLACES = {
    "demo": "demo:demo",
    "init": "installing:init",
    "serve": "serving:serve",
    "doctor": "doctor:doctor",
    "work": "working:work",
    "bounce": "bouncing:bounce",
    "study": "studies:study",
    "instruments": "instruments:instruments",
    # Its own commands stand in three modules, of which this one needs the others.
    "participant": "redacting:participant",
    "correction": "redacting:correction",
    "invite": "invitations:invite",
    "revoke": "invitations:revoke",
    "letter": "letters:letter",
    "request": "requests:request",
    "user": "users:user",
    "api-key": "api_keys:api_key",
    "export": "exporting:export",
    "copy": "copying:copy",
    "mapping": "mapping:mapping",
    "push": "pushing:push",
    "verify": "verifying:verify",
    "audit": "auditing:audit",
    "backup": "backups:backup",
    "restore": "backups:restore",
    "database": "backups:database",
}
"""Each command by name, with its module in this folder and its name there."""


class Commands(click.Group):
    """All commands. Running one loads its own module and no other; to list them all, all are loaded."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return sorted(PLACES)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = PLACES.get(cmd_name)
        if place is None:
            return None
        found = resolve_name(f"btb_pro.cli.{place}")
        assert isinstance(found, click.Command)
        return found
