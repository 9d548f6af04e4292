"""Options of `sestina.config` → options of a command, with their defaults and help lines."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Annotated, Any, cast

import typer

from sestina.errors import OptionError

PANELS = {
    "ReadingOptions": "Data",
    "TextOptions": "Text",
    "EmbeddingOptions": "Word vectors",
    "EncoderOptions": "Network",
    "TrainingOptions": "Training",
}
OWN = ("verbose", "seed")  # every verb has these itself

Command = Callable[..., None]


def with_options(**groups: tuple[type, ...]) -> Callable[[Command], Command]:
    """Give a command an option for each field of the option classes of `groups`.

    The command takes the values of a group as one dictionary, its parameter of that name.
    """

    def decorate(command: Command) -> Command:
        specs = {
            spec.name: (group, spec, PANELS[kind.__name__])
            for group, kinds in groups.items()
            for kind in kinds
            for spec in fields(kind)
            if spec.name not in OWN
        }
        own = inspect.signature(command, eval_str=True).parameters.values()
        kept = [parameter for parameter in own if parameter.name not in groups]
        added = [_parameter(spec, panel) for _, spec, panel in specs.values()]

        def run(**arguments: Any) -> None:
            values: dict[str, dict[str, Any]] = {group: {} for group in groups}
            for name, (group, spec, _) in specs.items():
                values[group][name] = _value(spec, arguments.pop(name))
            command(**arguments, **values)

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        # typer reads a command's options from its signature; mypy knows no such attribute
        run.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in (*kept, *added)}
        return run

    return decorate


def _parameter(spec: Field[Any], panel: str) -> inspect.Parameter:
    flag = "--" + spec.name.replace("_", "-")
    kind, default = _type(spec)
    text = spec.metadata["help"]
    if spec.metadata["choices"]:
        text = text.rstrip(".") + ": " + ", ".join(spec.metadata["choices"]) + "."
    if "None" in str(spec.type) and kind in (int, float):
        text += " 0 means none."
    names = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
    annotation: Any = Annotated[kind, typer.Option(names, help=text, rich_help_panel=panel)]
    return inspect.Parameter(
        spec.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _type(spec: Field[Any]) -> tuple[Any, Any]:
    """Return the type and default that the command line uses for a field."""
    hint = str(spec.type)
    if "tuple" in hint:
        return str, ",".join(str(item) for item in cast(Any, spec.default))
    if "bool" in hint:
        return bool, spec.default
    if hint in ("Any", "str | None"):
        return str, ""
    if "None" in hint:  # 0 stands for None
        return (float if "float" in hint else int), spec.default or 0
    return {"int": int, "float": float, "str": str}[hint], spec.default


def _value(spec: Field[Any], value: Any) -> Any:
    """Return the value of an option from what the command line gave."""
    hint = str(spec.type)
    if "tuple" in hint:
        try:
            return tuple(int(part) for part in value.replace(",", " ").split())
        except ValueError:
            raise OptionError(f"--{spec.name} {value!r} is not a list such as 16,16") from None
    if "None" in hint or hint == "Any":
        return value or None
    return value
