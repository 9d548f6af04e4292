"""Writes docs/cli.md from the command line itself; tests/test_docs.py checks that it is up to date.

python docs/write_cli.py
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import typer

from sestina.cli.app import app
from sestina.cli.options import DEFAULT

PAGE = Path(__file__).parent / "cli.md"
HEAD = """# The command line

Written by `python docs/write_cli.py` from the commands themselves.

Results go to standard output, remarks and progress to standard error. Every verb takes `--json`
(one JSON object on standard output) and `--seed`. The exit code is 0, 1 (failed: data, model,
disk, Ctrl-C, a loss that runs away) or 2 (wrong use). An error is one sentence; `sestina --debug
VERB …` shows its traceback. A training that Ctrl-C or its own loss stops after an epoch or more
keeps and saves its best epoch, and exits with 1.

PATH is a file, a folder, or the name of a data set that `sestina data list` shows; DIR is a
model folder.
"""


def verbs(command: Any, name: str) -> list[tuple[str, Any]]:
    """Return every verb below a command with its full name."""
    below = getattr(command, "commands", None)
    if below is None:
        return [(name, command)]
    return [pair for key, sub in below.items() for pair in verbs(sub, f"{name} {key}")]


def section(name: str, command: Any) -> str:
    """Return the section of one verb."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    shown = " ".join(map(argument, arguments))
    lines = [f"## {name} {shown}".rstrip(), "", inspect.cleandoc(command.help), ""]
    if command.epilog:
        lines += [f"`{command.epilog.removeprefix('Example: ')}`", ""]
    lines += ["| option | meaning | default |", "|---|---|---|"]
    for option in command.params:
        if option.param_type_name == "option" and not option.hidden:
            flags = " / ".join(f"`{flag}`" for flag in (*option.opts, *option.secondary_opts))
            meaning = option.help.partition(DEFAULT)[0].strip()
            lines.append(f"| {flags} | {meaning} | {default(option)} |")
    return "\n".join(lines) + "\n"


def argument(parameter: Any) -> str:
    """Return how the heading shows an argument: in brackets if optional, with dots if several."""
    name = parameter.metavar or parameter.name.upper()
    name = name if parameter.required else f"[{name}]"
    return f"{name}…" if parameter.nargs == -1 else name


def default(option: Any) -> str:
    """Return how the table shows an option's default."""
    if option.required:
        return "required"
    value = option.default
    if DEFAULT in option.help:
        return option.help.partition(DEFAULT)[2].removesuffix(".")
    if value in (None, "") or (isinstance(value, bool) and not option.secondary_opts):
        return ""
    if isinstance(value, bool):
        return f"`{(option.opts if value else option.secondary_opts)[0]}`"
    return f"`{value}`"


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [HEAD, *(section(*verb) for verb in verbs(typer.main.get_command(app), "sestina"))]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
