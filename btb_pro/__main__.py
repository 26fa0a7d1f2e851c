"""The console script: ``btb-pro``, and ``python -m btb_pro``."""

from importlib.metadata import version

import click

from btb_pro.cli.commands import Commands

main = Commands(
    "btb-pro",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Questionnaire answers from a participant's phone into the trial's database.

    BTB_INSTANCE names the folder with settings, study file and database; without it, the folder is
    "instance" where you are.

    \b
    Examples:
      btb-pro demo
      btb-pro init
      btb-pro participant add 1-001 --site oslo --day0 2026-01-31
      btb-pro invite 1-001 baseline
    """,
)
click.version_option(version("btb-pro"), prog_name="btb-pro")(main)

if __name__ == "__main__":
    main(prog_name="btb-pro")
