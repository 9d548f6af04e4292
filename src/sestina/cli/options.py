"""Options of `sestina.config` → options of a command, with their defaults and help lines."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields
from typing import Annotated, Any, cast

import typer

from sestina.errors import OptionError

PANELS = {
    "ReadingOptions": "Data",
    "CheckOptions": "Check",
    "TaggedOptions": "Data",
    "TaggerOptions": "Network",
    "LearningOptions": "Training",
    "TextOptions": "Text",
    "SentenceOptions": "Sentences",
    "EmbeddingOptions": "Word vectors",
    "NgramOptions": "Word vectors",
    "FineTuningOptions": "Pre-training",
    "ContinuingOptions": "Pre-training",
    "EncoderOptions": "Network",
    "TrainingOptions": "Training",
    "LanguageTextOptions": "Text",
    "LanguageOptions": "Network",
    "GivenOptions": "Data",
    "LanguageTrainingOptions": "Training",
    "RecordingOptions": "Data",
    "SeriesReadingOptions": "Data",
    "SignalOptions": "Values",
    "RecursiveOptions": "Network",
    "BridgeOptions": "Bridges",
    "DegradationOptions": "Noisy twins",
    "ConvolutionOptions": "Network",
    "PairOptions": "Data",
    "PairReadingOptions": "Data",
    "TimelineOptions": "Data",
    "ForecastOptions": "Network",
    "ForecastTrainingOptions": "Training",
    "TranslationTextOptions": "Text",
    "TranslatorOptions": "Network",
    "TranslatorTrainingOptions": "Training",
    "DistanceOptions": "Room",
    "FrameOptions": "Sound",
    "RecognitionOptions": "Sound",
    "WordsOptions": "Recognition",
    "RecognitionTrainingOptions": "Training",
}
NONE = "none"  # how the command line says None where that is not the default
OWN = ("verbose", "seed")  # every verb has these itself

DEFAULT = "Default: "  # in help lines, where typer's own would be put into parentheses

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

        return _as_command(run, command, [*kept, *added])

    return decorate


def _as_command(run: Command, command: Command, parameters: Sequence[inspect.Parameter]) -> Command:
    """Give a function a command's name and text, and the parameters that typer shall read."""
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    vars(run)["__signature__"] = inspect.Signature(parameters)  # typer reads the options there
    return run


def _parameter(spec: Field[Any], panel: str) -> inspect.Parameter:
    flag = "--" + spec.name.replace("_", "-")
    kind, default = _type(spec)
    text = spec.metadata["help"]
    if choices := _choices(spec):
        text = text.rstrip(".") + ": " + ", ".join(choices) + "."
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
        return str, spec.default or ""
    if "None" in hint:  # 0 stands for None
        return (float if "float" in hint else int), spec.default or 0
    return {"int": int, "float": float, "str": str}[hint], spec.default


def _value(spec: Field[Any], value: Any) -> Any:
    """Return the value of an option from what the command line gave."""
    hint = str(spec.type)
    if "tuple" in hint:
        item, such = (float, "0.1,0.5,0.9") if "tuple[float" in hint else (int, "16,16")
        try:
            return tuple(item(part) for part in value.replace(",", " ").split())
        except ValueError:
            raise OptionError(f"--{spec.name} {value!r} is not a list such as {such}") from None
    if "None" in hint or hint == "Any":
        return None if value == NONE and NONE in _choices(spec) else value or None
    return value


def _choices(spec: Field[Any]) -> tuple[str, ...]:
    """Return what an option may be; none too, where that is not what it is by default."""
    choices: tuple[str, ...] = spec.metadata["choices"]
    may_be_none = "None" in str(spec.type) and spec.default is not None
    return (*choices, NONE) if choices and may_be_none else choices


def with_any_of(group: str, kinds: Mapping[str, Sequence[type]]) -> Callable[[Command], Command]:
    """Give a command an option for each field that any of the classes of `kinds` has.

    The command takes what the user set, by name, as its parameter `group`; options that were not
    set keep the defaults of the class, which the help names. Options that not all kinds have stand
    in a panel of their own, named by those that do.
    """

    def decorate(command: Command) -> Command:
        specs: dict[str, dict[str, Field[Any]]] = {}
        for label, classes in kinds.items():
            for spec in (spec for kind in classes for spec in fields(kind)):
                if spec.name not in (*OWN, "method"):
                    specs.setdefault(spec.name, {})[label] = spec
        own = inspect.signature(command, eval_str=True).parameters.values()
        kept = [p for p in own if p.name != group]
        added = [_optional(name, found, len(kinds)) for name, found in specs.items()]

        def run(**arguments: Any) -> None:
            given = {name: arguments.pop(name) for name in specs}
            values = {
                name: _value(next(iter(specs[name].values())), value)
                for name, value in given.items()
                if value is not None
            }
            command(**arguments, **{group: values})

        return _as_command(run, command, [*kept, *added])

    return decorate


def _optional(name: str, found: Mapping[str, Field[Any]], kinds: int) -> inspect.Parameter:
    """Return the option of a field that is None when it was not set."""
    spec = next(iter(found.values()))
    kind, _ = _type(spec)
    text = _help(found)
    if spec.metadata["choices"]:
        text = text.rstrip(".") + ": " + ", ".join(spec.metadata["choices"]) + "."
    if "None" in str(spec.type) and spec.default is not None:
        text += " 0 means none."
    flag = "--" + name.replace("_", "-")
    if default := _defaults(flag, found):
        text += f" {DEFAULT}{default}."
    annotation: Any = Annotated[
        kind | None,
        typer.Option(
            f"{flag}/--no-{flag[2:]}" if kind is bool else flag,
            help=text,
            show_default=False,
            rich_help_panel="All methods" if len(found) == kinds else "Only " + ", ".join(found),
        ),
    ]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def _help(found: Mapping[str, Field[Any]]) -> str:
    """Return the help of an option: that of the first kind, and of others where it differs."""
    texts: dict[str, list[str]] = {}
    for label, spec in found.items():
        texts.setdefault(spec.metadata["help"], []).append(label)
    first, *others = texts
    return " ".join([first, *(f"With {', '.join(texts[text])}: {text}" for text in others)])


def _defaults(flag: str, found: Mapping[str, Field[Any]]) -> str:
    """Return the defaults of an option: that of the first kind, and of others where they differ."""
    values: dict[str, list[str]] = {}
    for label, spec in found.items():
        values.setdefault(_shown(flag, spec.default), []).append(label)
    first, *others = values
    return "; ".join([first, *(f"{value} with {', '.join(values[value])}" for value in others)])


def _shown(flag: str, value: Any) -> str:
    """Return a default as the user would write it."""
    if isinstance(value, bool):
        return flag if value else f"--no-{flag[2:]}"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def one_of(resume: bool, overwrite: bool) -> None:
    """Refuse to go on and to start anew at once."""
    if resume and overwrite:
        raise OptionError("--resume goes on, --overwrite starts anew; give one of them")
