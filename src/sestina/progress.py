"""What a training run shows on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class Reporter:
    """Shows the epochs of one run; silent unless `verbose`.

    Args:
        verbose: Whether to show anything.
        epochs: Epochs at most.
        steps: Steps per epoch.
        unit: What a step is counted in, for instance "texts".
    """

    def __init__(self, verbose: bool, epochs: int, steps: int, unit: str) -> None:
        self._verbose, self._epochs, self._unit = verbose, epochs, unit
        self._steps = steps
        self._console = Console(file=sys.stderr, highlight=False)
        self._bar: Progress | None = None
        self._metric = ""  # of the last finished epoch

    def __enter__(self) -> Reporter:
        if self._verbose and self._console.is_terminal:
            self._bar = Progress(
                TextColumn("epoch {task.fields[epoch]}/" + str(self._epochs)),
                BarColumn(bar_width=16),
                TextColumn("{task.fields[figures]}"),
                TimeRemainingColumn(compact=True),
                TextColumn("left at most"),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task(
                "", total=self._epochs * self._steps, epoch=1, figures=""
            )
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, epoch: int, step: int, loss: float, done: int, started: float) -> None:
        """Show one step: the mean loss of the epoch so far and the speed."""
        if self._bar is not None:
            speed = done / max(time.perf_counter() - started, 1e-9)
            self._bar.update(
                self._task,
                completed=(epoch - 1) * self._steps + step,
                epoch=epoch,
                figures=f"loss {loss:.4f}{self._metric}  {speed:,.0f} {self._unit}/s",
            )

    def epoch(self, row: Mapping[str, float], best: bool) -> None:
        """Print the line of a finished epoch; a star marks the best so far."""
        if "validation_accuracy" in row:
            self._metric = f"  dev acc {row['validation_accuracy']:.3f}"
        if "validation_perplexity" in row:
            self._metric = f"  dev ppl {row['validation_perplexity']:.1f}"
        if not self._verbose:
            return
        figures = [f"epoch {row['epoch']:>3.0f}/{self._epochs}", f"loss {row['loss']:.4f}"]
        if "validation_loss" in row:
            figures.append(f"dev loss {row['validation_loss']:.4f}")
        if "validation_accuracy" in row:
            figures.append(f"dev acc {row['validation_accuracy']:.4f}")
        if "validation_perplexity" in row:
            figures.append(f"dev ppl {row['validation_perplexity']:.2f}")
        figures.append(f"{row['sequences_per_second']:,.0f} {self._unit}/s")
        self.say("  ".join(figures) + (" *" if best else ""))

    def say(self, sentence: str) -> None:
        """Print one sentence."""
        if self._verbose:
            self._console.print(sentence, markup=False, soft_wrap=True)


@contextmanager
def counting(verbose: bool, text: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far a count has come; nothing stays of it.

    Args:
        verbose: Whether to show anything.
        text: What is shown, with ``{}`` for the number.
    """
    console = Console(file=sys.stderr, highlight=False)
    if not (verbose and console.is_terminal):
        yield lambda count: None
        return
    with console.status(text.format(0)) as status:
        yield lambda count: status.update(text.format(f"{count:,}"))
