"""What an option is: declared with its default and range, checked, written as JSON and read."""

from __future__ import annotations

import math
import numbers
from dataclasses import field, fields
from typing import Any, get_type_hints

import numpy as np

from sestina.errors import OptionError, nearest


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    least: float | None = None,
    most: float | None = None,
    encoders: tuple[str, ...] = (),
    levels: tuple[str, ...] = (),
) -> Any:
    """Return a data-class field with its default, its help line and the values it admits.

    `encoders`, which are cells where there is nothing else to choose from, and `levels` are those
    that the option serves; none named means all.
    """
    return field(
        default=default,
        metadata={
            "help": help,
            "choices": choices,
            "least": least,
            "most": most,
            "encoders": encoders,
            "levels": levels,
        },
    )


def as_in(kind: type, name: str, **changed: Any) -> Any:
    """Return a field for the option `name` of the class `kind`, so that its help stands once.

    Args:
        kind: A class of options.
        name: One of its options.
        **changed: What is otherwise here: the default, or another parameter of `option`.
    """
    spec = next(spec for spec in fields(kind) if spec.name == name)
    return option(**{"default": spec.default, **spec.metadata, **changed})


def check(options: Any) -> None:
    """Check every option of an object whose class is built from the classes above.

    Raises:
        OptionError: A value has the wrong type, is out of range, or is not a known choice.
    """
    hints = get_type_hints(type(options))
    for spec in fields(options):
        value = getattr(options, spec.name)
        _check_type(spec.name, value, hints[spec.name])
        _check_choice(spec.name, value, spec.metadata.get("choices", ()))
        _check_range(spec.name, value, spec.metadata, "None" in str(hints[spec.name]))


def unused(options: Any) -> list[str]:
    """Return a sentence for each option that is set, but does nothing with the others' choice."""
    found = []
    for spec in fields(options):
        value = getattr(options, spec.name)
        if value is None if spec.default is None else _plain(value) == _plain(spec.default):
            continue
        encoder = "encoder" if hasattr(options, "encoder") else "cell"
        for chosen, kinds in ((encoder, "encoders"), ("level", "levels")):
            served = spec.metadata.get(kinds)
            if served and getattr(options, chosen) not in served:
                found.append(
                    f"{spec.name} does nothing with {chosen}={getattr(options, chosen)!r}, "
                    f"only with {', '.join(served)}"
                )
    return found


def _check_type(name: str, value: Any, hint: Any) -> None:
    """Raise unless `value` is of the declared type, taking NumPy's numbers as numbers."""
    text = getattr(hint, "__name__", None) or str(hint)
    if text == "Any" or (value is None and "None" in str(hint)):
        return
    if "tuple[float" in str(hint):
        good = isinstance(value, tuple | list) and all(_is_number(item) for item in value)
        text = "a tuple of numbers"
    elif "tuple" in str(hint):
        good = isinstance(value, tuple | list) and all(is_whole(item) for item in value)
        text = "a tuple of whole numbers"
    elif "bool" in str(hint):
        good, text = isinstance(value, bool), "True or False"
    elif "float" in str(hint):
        good, text = _is_number(value), "a number"
    elif "int" in str(hint):
        good, text = is_whole(value), "a whole number"
    else:
        good, text = isinstance(value, str), "a string"
    if not good:
        raise OptionError(f"{name}={value!r} is not {text}")


def is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number, of Python or NumPy; True and False are none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if choices and isinstance(value, str) and value not in choices:
        raise OptionError(f"{name}={value!r} is unknown{nearest(value, choices)}")


def _check_range(name: str, value: Any, metadata: Any, may_be_none: bool) -> None:
    none = "; None means none (0 on the command line)" if may_be_none else ""
    values = value if isinstance(value, tuple | list) else (value,)
    least, most = metadata.get("least"), metadata.get("most")
    for item in values:
        if item is None or isinstance(item, str):
            continue
        if isinstance(item, numbers.Real) and not math.isfinite(item):
            raise OptionError(f"{name}={value!r} is not a finite number")
        if least is not None and not item >= least:
            raise OptionError(f"{name}={value!r} is too small: the least is {least:g}{none}")
        if most is not None and not item <= most:
            raise OptionError(f"{name}={value!r} is too large: the most is {most:g}{none}")


def to_dict(options: Any, *kinds: type) -> dict[str, Any]:
    """Return the options that the classes `kinds` declare (all by default) as plain JSON values."""
    named = {spec.name for kind in kinds or (type(options),) for spec in fields(kind)}
    plain = {}
    for spec in fields(options):
        if spec.name in named:
            plain[spec.name] = _plain(getattr(options, spec.name))
    return plain


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: a list for a tuple, Python's numbers for NumPy's."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def from_dict(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    """Return keyword arguments for `kind` from plain JSON values.

    Raises:
        OptionError: A key is not an option of `kind`; the message names the nearest one.
    """
    known = {spec.name: spec for spec in fields(kind)}
    arguments = {}
    for name, value in values.items():
        if name not in known:
            raise OptionError(f"unknown option {name!r}{nearest(name, known)}")
        several = isinstance(known[name].default, tuple) and isinstance(value, list)
        arguments[name] = tuple(value) if several else value
    return arguments


def from_text(kind: type, name: str, text: str) -> Any:
    """Return the value that a text stands for, of the option `name` of `kind`.

    ``none`` is None where an option may be that, and a list is ``3,4,5``. A text that is no value
    of the option's type comes back as it is: `check` then says what is expected.

    Raises:
        OptionError: `kind` has no such option; the message names the nearest one.
    """
    from_dict(kind, {name: text})
    hint = str(get_type_hints(kind)[name])
    if text.lower() == "none" and ("None" in hint or "Any" in hint):
        return None
    try:
        if "tuple" in hint:
            item = float if "tuple[float" in hint else int
            return tuple(item(part) for part in text.replace(",", " ").split())
        if "bool" in hint:
            return {"true": True, "false": False}.get(text.lower(), text)
        return (float if "float" in hint else int if "int" in hint else str)(text)
    except ValueError:
        return text
