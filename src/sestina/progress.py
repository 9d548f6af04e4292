"""What a training run shows on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

JUDGED = {
    "validation_loss": "dev loss {:.4f}",
    "validation_accuracy": "dev acc {:.4f}",
    "validation_span_f1": "dev F1 {:.4f}",
    "validation_cer": "dev CER {:.4f}",
    "validation_wer": "dev WER {:.4f}",
    "validation_perplexity": "dev ppl {:.2f}",
}
"""What the line of an epoch tells of the validation part, as far as it is measured."""


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

    def __enter__(self) -> Reporter:
        if self._verbose and self._console.is_terminal:
            self._bar = Progress(
                TextColumn("epoch {task.fields[epoch]}/" + str(self._epochs)),
                BarColumn(bar_width=8),
                TextColumn("{task.fields[figures]}"),
                TimeRemainingColumn(compact=True),
                TextColumn("left"),
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

    def step(
        self,
        epoch: int,
        step: int,
        loss: float,
        done: int,
        started: float,
        gradients: tuple[float, float] | None = None,
    ) -> None:
        """Show one step: the mean loss of the epoch so far and the speed.

        Args:
            epoch: From 1.
            step: From 1, of this epoch.
            loss: The mean loss.
            done: What the speed counts.
            started: When the epoch began.
            gradients: Their mean norm, and the share of steps in which it was clipped.
        """
        if self._bar is not None:
            speed = done / max(time.perf_counter() - started, 1e-9)
            figures = [f"loss {loss:.4f}", *([_told(*gradients)] if gradients else [])]
            self._bar.update(
                self._task,
                completed=(epoch - 1) * self._steps + step,
                epoch=epoch,
                figures="  ".join([*figures, f"{speed:,.0f} {self._unit}/s"]),
            )

    def epoch(self, row: Mapping[str, float], best: bool) -> None:
        """Print the line of a finished epoch; a star marks the best so far.

        On a terminal the speed is left out where the line would be too long for it.
        """
        figures = [f"epoch {row['epoch']:>3.0f}/{self._epochs}", f"loss {row['loss']:.4f}"]
        figures += [form.format(row[name]) for name, form in JUDGED.items() if name in row]
        if "gradient_norm" in row:
            figures.append(_told(row["gradient_norm"], row["clipped"]))
        speed = f"{row['sequences_per_second']:,.0f} {self._unit}/s"
        star = " *" if best else ""
        line = "  ".join([*figures, speed]) + star
        if self._console.is_terminal and len(line) > self._console.width:
            line = "  ".join(figures) + star
        self.say(line)

    def say(self, sentence: str) -> None:
        """Print one sentence."""
        if self._verbose:
            self._console.print(sentence, markup=False, soft_wrap=True)


def announce(verbose: bool, sentence: str) -> None:
    """Print a sentence of what begins now.

    Args:
        verbose: Whether to show anything.
        sentence: What it is.
    """
    if verbose:
        Console(file=sys.stderr, highlight=False).print(sentence, markup=False, soft_wrap=True)


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


def _told(norm: float, clipped: float) -> str:
    """Return in words the mean norm of the gradient, and the share of steps that were clipped."""
    shown = f"grad {norm:.2g}"
    return f"{shown} clip {clipped:.0%}" if clipped else shown
