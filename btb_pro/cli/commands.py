"""Every command, for the console script and for Flask's."""

import click

from btb_pro.cli.api_keys import api_key
from btb_pro.cli.auditing import audit
from btb_pro.cli.backups import backup, database, restore
from btb_pro.cli.bouncing import bounce
from btb_pro.cli.copying import copy
from btb_pro.cli.demo import demo
from btb_pro.cli.doctor import doctor
from btb_pro.cli.exporting import export
from btb_pro.cli.installing import init
from btb_pro.cli.instruments import instruments
from btb_pro.cli.invitations import invite, revoke
from btb_pro.cli.letters import letter
from btb_pro.cli.mapping import mapping
from btb_pro.cli.pushing import push
from btb_pro.cli.redacting import correction, participant
from btb_pro.cli.requests import request
from btb_pro.cli.serving import serve
from btb_pro.cli.studies import study
from btb_pro.cli.users import user
from btb_pro.cli.verifying import verify
from btb_pro.cli.working import work

COMMANDS: tuple[click.Command, ...] = (
    demo,
    init,
    serve,
    doctor,
    work,
    bounce,
    study,
    instruments,
    participant,
    correction,
    invite,
    revoke,
    letter,
    request,
    user,
    api_key,
    export,
    copy,
    mapping,
    push,
    verify,
    audit,
    backup,
    restore,
    database,
)
