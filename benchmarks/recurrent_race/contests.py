"""The rows of the table: what runs against what, at which sizes, with which goal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from racing.results import Goal

from .work import CELLS, Cell, Work


@dataclass(frozen=True)
class Entry:
    """A program with a piece of work."""

    program: str
    work: Work
    divide_by: float = 1.0
    """Shown and compared is the time divided by this: per token, say."""


@dataclass(frozen=True)
class Contest:
    """Entries that are timed in turns, ours among them."""

    name: str
    cell: Cell
    entries: dict[str, Entry]
    goal: Goal
    ours: str = "Sestina"

    @property
    def same(self) -> set[str]:
        """Entries whose answer must be ours: those with as many tokens."""
        divide_by = self.entries[self.ours].divide_by
        return {name for name, entry in self.entries.items() if entry.divide_by == divide_by}


Goals = dict[Cell, float]
ALONE: Goals = {"rnn": 3.5, "gru": 3.5, "lstm": 1.8}
WIDE: dict[int, Goals] = {
    128: {"rnn": 1.8, "gru": 1.8, "lstm": 1.5},
    256: {"rnn": 1.5, "gru": 1.5, "lstm": 1.3},
    512: {"rnn": 1.25, "gru": 1.25, "lstm": 1.0},
}
DEEP: Goals = {"rnn": 3.0, "gru": 3.0, "lstm": 2.0}


def _against_peers(work: Work, **more: Entry) -> dict[str, Entry]:
    peers = {"torch": "torch", "Keras-JAX": "keras-jax", "Keras-TF": "keras-tf"}
    ours = {"Sestina": Entry("ours", work)}
    return ours | {name: Entry(program, work) for name, program in peers.items()} | more


def _against_torch(work: Work) -> dict[str, Entry]:
    return {"Sestina": Entry("ours", work), "torch": Entry("torch", work)}


def _layer(cell: Cell, batch: int, steps: int, hidden: int) -> Work:
    return Work("layer", cell, hidden=hidden, features=hidden, batch=batch, steps=steps)


def _named(work: Work, more: str = "") -> str:
    sizes = f"B {work.batch}, T {work.steps:,}, H {work.hidden}"
    return f"{CELLS[work.cell]}, {sizes}{more}"


def epochs(quick: bool) -> Iterator[Contest]:
    goals: Goals = {"rnn": 6.0, "gru": 5.5, "lstm": 4.5}
    for cell, name in CELLS.items():
        work = Work("epoch", cell, steps=500, texts=256 if quick else 4096)
        yield Contest(name, cell, _against_peers(work), Goal("faster", goals[cell]))


def ragged_epochs(quick: bool) -> Iterator[Contest]:
    goals: Goals = {"rnn": 10.0, "gru": 9.5, "lstm": 9.0}
    for cell, name in CELLS.items():
        work = Work("epoch", cell, steps=500, texts=256 if quick else 4096, ragged=True)
        entries = _against_peers(work)
        entries["torch"] = Entry("torch", replace(work, way="padded"))
        entries["torch, packed"] = Entry("torch", replace(work, way="packed"))
        yield Contest(name, cell, entries, Goal("faster", goals[cell]))


def small_layers(quick: bool) -> Iterator[Contest]:
    sizes = ([128], [100], [32]) if quick else ([128, 512], [100, 500], [16, 32])
    for cell, *size in product(CELLS, *sizes):
        work = _layer(cell, *size)
        goal = 3.0 if cell == "lstm" and work.steps >= 500 else ALONE[cell]
        yield Contest(_named(work), cell, _against_peers(work), Goal("faster", goal))


def wide_layers(quick: bool) -> Iterator[Contest]:
    sizes = ([32], [100], [128, 256]) if quick else ([128, 32], [100], [128, 256, 512])
    for cell, *size in product(CELLS, *sizes):
        work = _layer(cell, *size)
        goal = WIDE[work.hidden][cell]
        yield Contest(_named(work), cell, _against_peers(work), Goal("faster", goal))


def grid(quick: bool) -> Iterator[Contest]:
    sizes = ([32, 128], [100], [16, 32]) if quick else ([32, 128, 512], [100, 500], [16, 32])
    for cell, *size in product(CELLS, *sizes):
        work = _layer(cell, *size)
        yield Contest(_named(work), cell, _against_torch(work), Goal("faster"))


def options(quick: bool) -> Iterator[Contest]:
    variants = {
        "recurrent dropout": {"recurrent_dropout": 0.2},
        "input dropout": {"input_dropout": 0.2},
        "initial states": {"initial_state": True},
        "full lengths": {"full_lengths": True},
    }
    for cell, hidden in product(CELLS, [32] if quick else [32, 128]):
        plain = _layer(cell, 128, 100, hidden)
        for name, option in variants.items():
            work = replace(plain, **option)
            entries = {"Sestina": Entry("ours", work), "Sestina, plain": Entry("ours", plain)}
            yield Contest(_named(work, f", {name}"), cell, entries, Goal("slower", 1.08))


def dropout(quick: bool) -> Iterator[Contest]:
    for cell, steps in product(CELLS, [100] if quick else [100, 500]):
        work = replace(_layer(cell, 128, steps, 32), recurrent_dropout=0.2)
        entries = _against_peers(work)
        entries["torch, cell loop"] = replace(entries.pop("torch"), work=replace(work, way="loop"))
        yield Contest(_named(work), cell, entries, Goal("faster", 8.0))


def deep_layers(quick: bool) -> Iterator[Contest]:
    variants = {
        "2 layers": {"layers": 2},
        "bidirectional": {"directions": 2},
        "every output": {"every_output": True},
    }
    for cell, hidden in product(CELLS, [32] if quick else [32, 128]):
        for name, option in variants.items():
            work = replace(_layer(cell, 128, 100, hidden), **option)
            goal = Goal("faster", DEEP[cell])
            yield Contest(_named(work, f", {name}"), cell, _against_torch(work), goal)


def few_sequences(quick: bool) -> Iterator[Contest]:
    sizes = ([1, 4], [100], [32]) if quick else ([1, 4], [100], [32, 128])
    for cell, *size in product(CELLS, *sizes):
        work = _layer(cell, *size)
        yield Contest(_named(work), cell, _against_torch(work), Goal("faster"))


def single_steps(quick: bool) -> Iterator[Contest]:
    others = {
        "nn.LSTM": ("torch", 10.0),
        "nn.LSTMCell": ("torch", 4.0),
        "ONNX Runtime": ("onnx", 2),
    }
    for hidden in (32, 128):
        work = Work("step", "lstm", hidden=hidden, features=hidden, batch=1, steps=1, threads=1)
        for name, (program, goal) in others.items():
            entries = {
                "Sestina": Entry("ours", work),
                name: Entry(program, replace(work, way=name)),
            }
            yield Contest(f"LSTM, H {hidden}: {name}", "lstm", entries, Goal("faster", goal))


def scaling(quick: bool) -> Iterator[Contest]:
    for cell, steps in product(CELLS, [1000] if quick else [1000, 10_000]):
        long, short = (_layer(cell, 32, length, 32) for length in (steps, 100))
        entries = {
            "Sestina": Entry("ours", long, 32 * steps),
            "Sestina, T 100": Entry("ours", short, 32 * 100),
        }
        yield Contest(_named(long, ", per token"), cell, entries, Goal("slower", 1.10))
    for cell, steps in product(CELLS, [100] if quick else [100, 500]):
        work = _layer(cell, 128, steps, 32)
        entries = {
            "Sestina": Entry("ours", work),
            "Sestina, 1 thread": Entry("ours", replace(work, threads=1)),
        }
        yield Contest(_named(work, ", 2 threads"), cell, entries, Goal("faster", 1.8))


@dataclass(frozen=True)
class Row:
    """One row of the goals' table, or one table of ours."""

    title: str
    contests: Callable[[bool], Iterator[Contest]] | None
    """Given whether it is the quick run; None where no programs race."""


ROWS: dict[int, Row] = {
    1: Row("Whole epoch, full rows of 500 tokens", epochs),
    2: Row("Whole epoch, Zipf tokens and ragged lengths", ragged_epochs),
    3: Row("Layer alone, hidden ≤ 32", small_layers),
    4: Row("Layer alone, hidden 128 to 512", wide_layers),
    5: Row("Layer alone against torch.nn", grid),
    6: Row("What options cost", options),
    7: Row("Recurrent dropout", dropout),
    8: Row("Two layers, both directions, every output", deep_layers),
    9: Row("One step of one sequence", single_steps),
    10: Row("Long sequences and threads", scaling),
    11: Row("Compiling", None),
    12: Row("Few sequences in a batch", few_sequences),
}
