"""Every command that the README shows is one that exists, with the options it shows; every command is shown."""

import re
import shlex

import pytest
from typer.main import get_command

from nomenclair.cli import app
from nomenclair.workspace import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def shown(program: str) -> list[str]:
    """The lines of the README's shell blocks that call a program, without their remarks."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = "\n".join(blocks).splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.split()[:1] == [program]]


def is_group(command) -> bool:
    return hasattr(command, "commands")


def leaves(group, prefix=""):
    """(full name, command) of every command below a group."""
    for name, command in group.commands.items():
        if is_group(command):
            yield from leaves(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


COMMANDS = dict(leaves(get_command(app)))


@pytest.mark.parametrize("line", shown("nomenclair"))
def test_nomenclair_lines_parse(line):
    words = shlex.split(line.split(" | ")[0].split(" > ")[0])[1:]
    depth = 2 if " ".join(words[:2]) in COMMANDS else 1
    command = COMMANDS[" ".join(words[:depth])]
    # Parses the options and arguments; runs nothing.
    assert command.make_context(words[0], words[depth:])


@pytest.mark.parametrize("line", shown("make"))
def test_make_targets_exist(line):
    for target in line.split()[1:]:
        assert re.search(rf"^{re.escape(target)}:", MAKEFILE, re.MULTILINE), target


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_shown_and_helps(name):
    assert f"`nomenclair {name}`" in README
    assert COMMANDS[name].help
    assert "Example" in (COMMANDS[name].epilog or "")


def test_the_readme_shows_both_languages():
    assert shown("nomenclair") and shown("make")
    assert "Script shell qui extrait" in README and "Shell script that extracts" in README
