"""NumPy's arrays of lists of whole numbers, read as data: nothing in such a file is ever called.

NumPy writes an array of Python objects as a program for a small stack machine, which may name any
function. This reader knows the few instructions that lists of numbers need, keeps the names it
meets as names, and refuses everything else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sestina.errors import DataError

NUMBER_1, NUMBER_2, STOP = ord("K"), ord("M"), ord(".")
KNOWN = {  # what an array of lists names; none of it is imported or called
    f"{module} {name}"
    for module, name in (
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    )
}


class _Name(NamedTuple):
    """A name of a function or class that the file mentions."""

    name: str


@dataclass
class _Made:
    """What a call would have made, had it been made: its name, and the state put into it."""

    name: _Name
    state: Any = None


class _Mark:
    """The place on the stack where a list or tuple begins."""


def lists_of_numbers(data: bytes, source: str) -> list[list[int]]:
    """Return the N lists of whole numbers of an array of Python objects.

    Args:
        data: The array's bytes behind NumPy's header.
        source: Name of the file, for messages.

    Raises:
        DataError: The bytes hold anything but one array of lists of whole numbers.
    """
    try:
        made = _Machine(data, source).run()
    except DataError:  # which is a ValueError
        raise
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise DataError(f"{source} is truncated or damaged; download it again") from error
    state = made.state if isinstance(made, _Made) else None
    rows = state[-1] if isinstance(state, tuple) and len(state) == 5 else None
    if not isinstance(rows, list) or not all(map(_is_row, rows)):
        raise _refused(source, "it holds something else")
    if state is None or state[1] != (len(rows),):
        raise _refused(source, "its shape does not fit its rows")
    return rows


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and all(type(item) is int for item in row)


def _refused(source: str, reason: str) -> DataError:
    return DataError(
        f"{source} is no array of lists of whole numbers ({reason}), so it is not read, since "
        "arrays of Python objects may run code; save the texts as CSV instead"
    )


class _Machine:
    """The stack machine, for protocols 2 to 5."""

    def __init__(self, data: bytes, source: str) -> None:
        self.data, self.source, self.place = data, source, 0
        self.stack: list[Any] = []
        self.kept: dict[int, Any] = {}  # values that the file refers to again

    def run(self) -> Any:
        """Return the value that the program leaves."""
        data, push, place = self.data, self.stack.append, 0
        while (code := data[place]) != STOP:
            if code == NUMBER_2:  # nearly all of the file is these two
                push(data[place + 1] | data[place + 2] << 8)
                place += 3
            elif code == NUMBER_1:
                push(data[place + 1])
                place += 2
            else:
                step = STEPS.get(code)
                if step is None:
                    raise _refused(self.source, f"instruction 0x{code:02x}")
                self.place = place + 1
                step(self)
                place = self.place
        return self.stack.pop()

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        taken = self.data[self.place : self.place + size]
        if len(taken) < size:
            raise IndexError
        self.place += size
        return taken

    def number(self, form: str) -> int:
        """Return the number that comes next, in a form of `struct`."""
        (value,) = struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))
        return int(value)

    def line(self) -> str:
        """Return the text to the end of the line."""
        end = self.data.index(b"\n", self.place)
        text = self.data[self.place : end].decode("ascii")
        self.place = end + 1
        return text

    def name(self, text: str) -> _Name:
        """Return a name as such.

        Raises:
            DataError: It is not one that lists of numbers need.
        """
        if text not in KNOWN:
            raise _refused(self.source, f"it names {text.replace(' ', '.')[:60]}")
        return _Name(text)

    def since_mark(self) -> list[Any]:
        """Take everything above the last mark off the stack, and the mark."""
        place = len(self.stack) - 1
        while not isinstance(self.stack[place], _Mark):
            place -= 1
            if place < 0:
                raise IndexError
        taken = self.stack[place + 1 :]
        del self.stack[place:]
        return taken

    def last(self, size: int) -> tuple[Any, ...]:
        """Take so many values off the stack."""
        if len(self.stack) < size:
            raise IndexError
        taken = tuple(self.stack[-size:])
        del self.stack[-size:]
        return taken


def _push(value: Callable[[_Machine], Any]) -> Callable[[_Machine], None]:
    """Return the step that pushes a value."""
    return lambda machine: machine.stack.append(value(machine))


def _skip(size: int) -> Callable[[_Machine], None]:
    """Return the step that passes over bytes."""

    def step(machine: _Machine) -> None:
        machine.take(size)

    return step


def _append(machine: _Machine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, list):
        raise TypeError
    target.extend(items)


def _reduce(machine: _Machine) -> None:
    name, _ = machine.last(2)
    if not isinstance(name, _Name):
        raise TypeError
    machine.stack.append(_Made(name))


def _build(machine: _Machine) -> None:
    (state,) = machine.last(1)
    machine.stack[-1].state = state


def _keep(machine: _Machine, place: int) -> None:
    machine.kept[place] = machine.stack[-1]


def _stacked_name(machine: _Machine) -> _Name:
    module, name = machine.last(2)
    return machine.name(f"{module} {name}")


STEPS: dict[int, Callable[[_Machine], None]] = {
    0x80: _skip(1),  # the protocol
    0x95: _skip(8),  # how long a frame is
    ord("J"): _push(lambda m: m.number("i")),
    0x8A: _push(lambda m: int.from_bytes(m.take(m.number("B")), "little", signed=True)),
    ord("N"): _push(lambda m: None),
    0x88: _push(lambda m: True),
    0x89: _push(lambda m: False),
    ord("U"): _push(lambda m: m.take(m.number("B")).decode("latin-1")),
    ord("C"): _push(lambda m: m.take(m.number("B")).decode("latin-1")),
    0x8C: _push(lambda m: m.take(m.number("B")).decode("utf-8")),
    ord("X"): _push(lambda m: m.take(m.number("I")).decode("utf-8")),
    ord("("): _push(lambda m: _Mark()),
    ord(")"): _push(lambda m: ()),
    ord("t"): _push(lambda m: tuple(m.since_mark())),
    0x85: _push(lambda m: m.last(1)),
    0x86: _push(lambda m: m.last(2)),
    0x87: _push(lambda m: m.last(3)),
    ord("]"): _push(lambda m: []),
    ord("a"): lambda m: _append(m, list(m.last(1))),
    ord("e"): lambda m: _append(m, m.since_mark()),
    ord("q"): lambda m: _keep(m, m.number("B")),
    ord("r"): lambda m: _keep(m, m.number("I")),
    0x94: lambda m: _keep(m, len(m.kept)),
    ord("h"): _push(lambda m: m.kept[m.number("B")]),
    ord("j"): _push(lambda m: m.kept[m.number("I")]),
    ord("c"): _push(lambda m: m.name(f"{m.line()} {m.line()}")),
    0x93: _push(_stacked_name),
    ord("R"): _reduce,
    ord("b"): _build,
}
