"""What every estimator with a network shares: its training run, its counts, its folder."""

from __future__ import annotations

import hashlib
import json
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sestina import config
from sestina.checkpoint import Checkpoint
from sestina.config import LearningOptions
from sestina.estimators.folder import write_model
from sestina.train import Problem, Run, train


@dataclass(eq=False, repr=False, kw_only=True)
class Trained(LearningOptions):
    """Base of the estimators that train a network.

    Every `fit` checks its options and data first, and leaves nothing fitted where it fails. With a
    folder as `checkpoint` it writes down after each epoch how far it has come; `resume` goes on
    from there to the same bits, and wants the same data, options and number of threads.

    Raises (in `fit`):
        DataError: The data cannot be used.
        OptionError: An option makes no sense, or the checkpoint is of another run.
        MissingExtra: An option needs a package that is not installed.
        Diverged: The loss is no number any more, or has exploded; fitted with the best epoch so
            far, if one was finished.
        KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if one was finished.

    Attributes (after `fit`):
        network_: The torch module.
        history_: One row per epoch: loss, validation figures, the gradient's norm before clipping
            (`gradient_norm`, the mean) and the share of steps in which it was `clipped`, how far
            the weights `moved` (a share of their size), speed, seconds.
        best_epoch_: The epoch whose weights are kept, from 1.
        n_iter_: Epochs.
        seconds_: Seconds that `fit` took.
        notes_: What was cut, unknown, empty or found, in sentences.
    """

    _files: ClassVar[tuple[str, ...]] = ()

    @property
    def parameter_counts_(self) -> dict[str, int]:
        """Number of parameters of each part of the network."""
        check_is_fitted(self, "network_")
        counts: dict[str, int] = self.network_.parameter_counts()
        return counts

    @property
    def n_parameters_(self) -> int:
        """Number of parameters."""
        check_is_fitted(self, "network_")
        return sum(weight.numel() for weight in self.network_.parameters())

    @property
    def n_trainable_parameters_(self) -> int:
        """Number of parameters that are trained."""
        check_is_fitted(self, "network_")
        return sum(w.numel() for w in self.network_.parameters() if w.requires_grad)

    def save(self, folder: str | Path, facts: dict[str, Any] | None = None) -> None:
        """Write the model folder: weights, options, vocabulary, history, figures, model card.

        Args:
            folder: Where; a folder of Sestina's is replaced, another program's is not.
            facts: Figures for metrics.json and the card ("metrics", "baseline", "data", …).

        Raises:
            SestinaError: The folder holds other files, or cannot be written.
        """
        check_is_fitted(self, "network_")
        write_model(self, folder, facts or {})

    @abstractmethod
    def task(self, X: Any, y: Any = None) -> Problem:
        """Return what training would see of data: batches, and the loss of one.

        Args:
            X: As in `fit`; cut up as the fitted model reads it.
            y: As in `fit`, where it takes one.
        """

    # What a subclass adds to the folder.

    def _facts(self) -> dict[str, Any]:
        """Return what metrics.json and the card tell beside the figures."""
        return {}

    def _texts(self) -> dict[str, str]:
        """Return the subclass's own files of a model folder, by name."""
        return {}

    def _learned(self) -> dict[str, Any]:
        """Return what `fit` found out, as plain JSON values."""
        return {
            "best_epoch": self.best_epoch_,
            "seconds": self.seconds_,
            "notes": self.notes_,
            "parameters": self.parameter_counts_,
        }

    @abstractmethod
    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None:
        """Become fitted again from what `_learned` returned, the weights and the text files."""

    def _recall(self, learned: dict[str, Any], files: dict[str, str]) -> None:
        """Put back what `_learned` returned, and the history."""
        self.best_epoch_, self.seconds_ = learned["best_epoch"], learned["seconds"]
        self.notes_: list[str] = learned["notes"]
        self.history_ = [json.loads(row) for row in files["history.jsonl"].splitlines()]
        self.n_iter_ = len(self.history_)

    def _take_weights(self, network: Any, arrays: dict[str, NDArray[Any]]) -> None:
        """Take a network, with weights of a folder."""
        self.network_: Any = network
        self.network_.load_state_dict({k: torch.from_numpy(v) for k, v in arrays.items()})
        self.network_.eval()

    # How a training goes.

    def _begin(self) -> float:
        """Check the options and return the time; a fit that fails leaves nothing fitted."""
        started = time.perf_counter()
        self.__dict__.pop("network_", None)
        config.check(self)
        return started

    def _train(
        self,
        problem: Callable[[], Problem],
        identity: Callable[[], dict[str, Any]],
        checkpoint: str | Path | None,
        resume: bool,
    ) -> Run:
        """Train `network_`; where that fails, nothing stays fitted.

        Args:
            problem: Returns what the loop needs to know of the task.
            identity: Returns what a resumed run must share.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from it, where there is one.

        Raises:
            KeyboardInterrupt: After Ctrl-C before the first epoch was finished.
        """
        try:
            task, place = problem(), None
            if checkpoint is not None:
                place = Checkpoint(Path(checkpoint), identity(), resume)
            run = train(task, self, place)
            if not run.history:
                raise KeyboardInterrupt
        except BaseException:
            del self.network_
            raise
        return run

    def _keep(self, run: Run, started: float) -> None:
        """Keep how a run went.

        Raises:
            KeyboardInterrupt: Ctrl-C ended it; the best weights so far are kept.
            Diverged: The loss ran away; the best weights so far are kept.
        """
        self.history_, self.best_epoch_ = run.history, run.best_epoch
        self.n_iter_ = len(run.history)
        self.seconds_ = time.perf_counter() - started
        if run.interrupted:
            raise KeyboardInterrupt
        if run.diverged is not None:
            self.notes_.append(str(run.diverged))
            raise run.diverged

    def _options_and_data(self, arrays: Iterable[NDArray[Any]], **instead: Any) -> dict[str, Any]:
        """Return what a resumed run must share: options but for the epochs, data, threads.

        Args:
            arrays: The data.
            **instead: Values in the place of options'.
        """
        options = config.to_dict(self) | instead
        free = ["verbose", "calibrate"]
        if not (self.decay or self.warm_up):  # which depend on how many epochs there will be
            free.append("epochs")
        for name in free:
            options.pop(name, None)
        return {
            **json.loads(json.dumps(options, default=str)),
            "data": digest(*arrays),
            "threads": torch.get_num_threads(),
        }


def weights_digest(network: nn.Module) -> str:
    """Return a short sum of a network's weights."""
    return digest(*(weight.detach().numpy() for weight in network.parameters()))


def digest(*arrays: NDArray[Any]) -> str:
    """Return a short sum of the arrays' bytes."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(array.tobytes())
    return total.hexdigest()[:16]
