"""How far a training has come, and a file for that."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import to_dict
from sestina.errors import ModelError, OptionError
from sestina.store import read_arrays, write_arrays
from sestina.vectors.corpus import Corpus


@dataclass
class State:
    """How far a training has come.

    Attributes:
        epoch: Finished epochs.
        part: Finished parts of the present epoch.
        loss: Sum of the losses of the present epoch that were looked at.
        pairs: How many these are.
        history: One row per finished epoch.
    """

    epoch: int = 0
    part: int = 0
    loss: float = 0.0
    pairs: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """The mean loss of the present epoch so far."""
        return self.loss / max(self.pairs, 1)

    def add(self, loss: float, pairs: int) -> None:
        """Take the losses of some more pairs."""
        self.loss, self.pairs = self.loss + float(loss), self.pairs + int(pairs)

    def end_epoch(self, words: float, seconds: float) -> dict[str, float]:
        """Go on to the next epoch; return the row of the one that ends.

        Args:
            words: How many it had, since it was begun or resumed.
            seconds: How long they took.
        """
        row = {
            "epoch": self.epoch + 1.0,
            "loss": self.mean,
            "sequences_per_second": float(words) / max(seconds, 1e-9),
            "seconds": seconds,
        }
        self.history.append(row)
        self.epoch, self.part, self.loss, self.pairs = self.epoch + 1, 0, 0.0, 0
        return row

    def __str__(self) -> str:
        return f"within epoch {self.epoch + 1}" if self.part else f"after epoch {self.epoch}"


class Checkpoint:
    """A file for the table of a training and its state.

    Args:
        path: Where it lies; None: nothing is saved.
        resume: Whether to go on from the file where it exists.
        learner: What learns; its class and options are those of the run.
        corpus: Its corpus. Resuming asks for the same class, options and corpus.
    """

    def __init__(self, path: Path | None, resume: bool, learner: Any, corpus: Corpus) -> None:
        self._path, self._resume = path, resume
        self._identity = identity(learner, corpus) if path is not None else {}

    def save(self, table: NDArray[np.float32], state: State) -> None:
        """Write table and state, all or nothing.

        Raises:
            SestinaError: The file cannot be written.
        """
        if self._path is not None:
            write_arrays(self._path, {"table": table}, {"identity": self._identity, **vars(state)})

    def load(self, table: NDArray[np.float32], state: State) -> None:
        """Put what was saved, if it is to be resumed and there is something, into both.

        Raises:
            OptionError: It is the state of another class, or of other options or another corpus.
            ModelError: The file is damaged.
        """
        if self._path is None or not self._resume or not self._path.exists():
            return
        arrays, note = read_arrays(self._path)
        begun = note.get("identity") if isinstance(note, dict) else None
        if not isinstance(begun, dict) or "table" not in arrays:
            raise ModelError(
                f"{self._path} is no state of a training, or damaged; delete it and train again"
            )
        for name, value in self._identity.items():
            was = begun.get(name)
            if was != value:
                how = {"learner": f"by {was}, not {value}", "corpus": "on another corpus"}
                raise OptionError(
                    f"cannot resume from {str(self._path)!r}: it was begun "
                    f"{how.get(name, f'with {name}={was!r}, now it is {value!r}')}; "
                    "give the same, or delete the file"
                )
        table[:] = arrays["table"]
        state.history[:] = note.pop("history")
        vars(state).update({name: note[name] for name in ("epoch", "part", "loss", "pairs")})


def identity(learner: Any, corpus: Corpus) -> dict[str, Any]:
    """Return what makes a run what it is: its class and options, and the sum of its corpus."""
    digest = hashlib.sha256("\n".join(corpus.words).encode())
    digest.update(corpus.counts.tobytes())
    for start in range(0, len(corpus.ids), 1 << 20):
        digest.update(corpus.ids[start : start + (1 << 20)].tobytes())
    kept = {k: v for k, v in to_dict(learner).items() if k not in ("verbose", "threads", "memory")}
    name = type(learner).__name__
    return {"learner": name, **json.loads(json.dumps(kept)), "corpus": digest.hexdigest()[:16]}
