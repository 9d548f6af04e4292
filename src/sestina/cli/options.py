"""Options of `sestina.config` → options of a command, with their defaults and help lines."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Annotated, Any, cast

import typer

from sestina.errors import OptionError

PANELS = {
    "TextOptions": "Text",
    "EmbeddingOptions": "Word vectors",
    "EncoderOptions": "Network",
    "TrainingOptions": "Training",
}
OWN = ("verbose", "seed")  # every verb has these itself


def with_options(*kinds: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each field of the option classes `kinds`.

    The command takes them as one dictionary, its parameter ``options``; numbers in a list, such
    as ``--dense 16,16``, come as text.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters.values()
        kept = [p for p in own if p.name != "options"]
        added = [
            _parameter(spec, PANELS[kind.__name__])
            for kind in kinds
            for spec in fields(kind)
            if spec.name not in OWN
        ]
        names = {
            p.name: kind
            for kind in kinds
            for spec in fields(kind)
            for p in added
            if p.name == spec.name
        }

        def run(**arguments: Any) -> None:
            options = {
                name: _value(name, arguments.pop(name), kind) for name, kind in names.items()
            }
            command(**arguments, options=options)

        run.__name__, run.__doc__ = command.__name__, command.__doc__
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
    if spec.default is None or (spec.name == "patience"):
        text += " 0 means none." if kind in (int, float) else ""
    names = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
    annotation: Any = Annotated[kind, typer.Option(names, help=text, rich_help_panel=panel)]
    return inspect.Parameter(
        spec.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _type(spec: Field[Any]) -> tuple[Any, Any]:
    """Return the type and default that the command line uses for a field."""
    hint = str(spec.type)
    if "tuple" in hint:
        return str, ",".join(map(str, cast(Any, spec.default)))
    if "bool" in hint:
        return bool, spec.default
    if "None" in hint:  # 0 stands for None
        return (float if "float" in hint else int), spec.default or 0
    if "Any" in hint:
        return str, ""
    return {"int": int, "float": float, "str": str}[hint], spec.default


def _value(name: str, value: Any, kind: type) -> Any:
    """Return the value of an option from what the command line gave."""
    spec = next(spec for spec in fields(kind) if spec.name == name)
    hint = str(spec.type)
    if "tuple" in hint:
        try:
            return tuple(int(part) for part in value.replace(",", " ").split())
        except ValueError:
            flag = "--" + name
            raise OptionError(f"{flag} {value!r} is not a list such as 16,16") from None
    if "None" in hint or "Any" in hint:
        return value or None
    return value
