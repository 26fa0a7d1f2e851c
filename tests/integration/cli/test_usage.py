"""How commands explain themselves, and what they say to bad usage."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from btb_pro.__main__ import main
from tests.integration.cli.shell import done, refused, run_in
from tests.support.world import World


def all_commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command
        assert command.name == name
        yield name, command
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                yield f"{command.name} {inner.name}", inner


@pytest.mark.parametrize("words", [words for words, _ in all_commands()])
def test_each_command_explains_itself_with_an_example(words: str) -> None:
    told = done(CliRunner().invoke(main, [*words.split(), "--help"], prog_name="btb-pro"))
    assert "Example:" in told
    assert f"btb-pro {words}" in told.partition("Example:")[2]


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["invite", "1-001"],
        ["invite", "1-001", "baseline", "--send", "pigeon"],
        ["participant", "add", "1-001"],
        ["participant", "add", "1-001", "--site", "oslo", "--language", "sv"],
        ["participant", "import", "no-such-file.csv"],
        ["participant", "withdraw", "1-001"],
        ["serve", "--port", "70000"],
        ["demo", "--participants", "3"],
        ["init", "--production"],
        ["init", "--production", "--base-url", "http://btb.hospital.example"],
        ["init", "--base-url", "https://btb.hospital.example"],
    ],
)
def test_bad_usage_is_told_with_exit_code_2(tmp_path: Path, words: list[str]) -> None:
    result = run_in(tmp_path / "instance", *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert not (tmp_path / "instance").exists()


def test_the_same_commands_run_under_flask(world: World) -> None:
    world.add("1-001")
    result = world.app.test_cli_runner().invoke(args=["participant", "list"])
    assert "1-001" in done(result)
    assert "another number" not in result.stderr
    result = world.app.test_cli_runner().invoke(args=["invite", "no-such-one", "baseline"])
    assert "No participant" in refused(result)


def test_the_operators_page_names_every_setting_and_command() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operator.md").read_text(encoding="utf-8")
    source = (Path(__file__).parents[3] / "btb_pro" / "config.py").read_text(encoding="utf-8")
    settings = set(re.findall(r'"(BTB_[A-Z_]+)"', source))
    assert len(settings) >= 9
    missing = [name for name in sorted(settings) if f"`{name}`" not in page]
    missing += [
        words
        for words, command in all_commands()
        if not isinstance(command, click.Group) and f"btb-pro {words}" not in page
    ]
    assert missing == []
