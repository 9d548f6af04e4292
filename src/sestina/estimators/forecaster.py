"""SeriesForecaster: the past of series → what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sestina import config, metrics
from sestina.config import ForecastOptions, ForecastTrainingOptions
from sestina.data.ragged import shuffled_batches
from sestina.errors import DataError, Diverged, OptionError, counted
from sestina.estimators.forecast_stream import ForecastStream
from sestina.estimators.forecasting import (
    Lens,
    WindowBatch,
    Windows,
    held_from,
    level_of,
    parted,
    windows_of,
)
from sestina.estimators.histories import Floats, as_histories, as_known, lengths_noted
from sestina.estimators.trained import Trained
from sestina.nn.forecaster import ForecastNetwork, forecast_loss
from sestina.signals import Scaling
from sestina.train import Problem, Run, random_stream, train

LEAST_CONTEXT = 24  # steps that are read where `context` is not said
PREDICT_BATCH = 256


@dataclass(eq=False, repr=False, kw_only=True)
class SeriesForecaster(ForecastOptions, ForecastTrainingOptions, Trained, BaseEstimator):
    """Foretell how series go on: H steps ahead at once, of one variable or several (row E7).

    The options are those of `sestina.config`: `ForecastOptions` and `ForecastTrainingOptions`. The
    network reads the last T steps of a series, scaled by themselves alone, so that nothing of the
    future, nor of other series, is in them. All steps ahead are put out together (the direct
    strategy), with `quantiles` several numbers of each.

    Attributes (after `fit`):
        context_: T.
        n_variables_: C.
        n_known_: K, columns known ahead.
        lens_: How windows are scaled.
        history_: Of the training beside the held-out end; that of `refit` is not in it.

    Example:
        >>> import numpy as np
        >>> from sestina import SeriesForecaster
        >>> wave = np.sin(np.arange(200) * 2 * np.pi / 12)
        >>> net = SeriesForecaster(horizon=6, context=24, hidden=8, epochs=5).fit(wave)
        >>> net.predict(wave).shape
        (1, 6, 1)
    """

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        covariates: Any = None,
        validation: Any = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on one series or several.

        Args:
            X: One series, (T,) or (T, C), or several: a list of such or an array (M, T, C).
            y: Not used; scikit-learn passes it.
            covariates: What is known ahead, (T, K) for each series.
            validation: Series to stop early by, or a pair of series and their covariates; by
                default windows at the end of X, which foretell ``validation_fraction`` of it.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from that checkpoint, where there is one.

        Raises:
            SestinaError: X, an option or the checkpoint cannot be used, or training failed;
                `Trained` says which error is which.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        started = self._begin()
        self.notes_: list[str] = config.unused(self)
        self.context_ = self.reach()
        histories = as_histories(X)
        known = as_known(covariates, histories, 0, -1)
        self.n_variables_, self.n_known_ = histories[0].shape[1], known[0].shape[1]
        share = 0.0 if validation is not None else self.validation_fraction
        begins = held_from(histories, self.context_, self.horizon, share)
        lengths = [len(history) for history in histories]
        self.notes_ += lengths_noted(lengths, begins, self.context_, self.horizon, share)
        self.lens_ = self._lens(histories, known, begins)
        train, dev = parted(histories, known, begins, self.lens_)
        held = dev if share else self._given(validation)
        with random_stream(self.seed, 0):
            self.network_ = self._build()
        parts = [train] if held is None else [train, held]
        run = self._train(
            lambda: self._problem(train, held),
            lambda: self._options_and_data([a for part in parts for a in part.arrays()]),
            checkpoint,
            resume,
        )
        if self.refit and share and not (run.interrupted or run.diverged):
            run = self._once_more(run, histories, known)
        self._keep(run, started)
        return self

    # What it makes of series.

    def predict(self, X: Any, covariates: Any = None) -> Floats:
        """Return what follows series, (M, H, C); with `quantiles` (M, H, C, Q), rising.

        Args:
            X: As in `fit`: what is known of them up to now, T steps at least.
            covariates: What is known ahead, (T + H, K) for each: of the past and of the H steps.

        Raises:
            DataError: A series is too short, or has other variables than those of the training.
        """
        check_is_fitted(self, "network_")
        histories = self._histories(X)
        known = as_known(covariates, histories, self.horizon, self.n_known_)
        short = [n for n, history in enumerate(histories) if len(history) < self.context_]
        if short:
            raise DataError(
                f"series {short[0]} has {counted(len(histories[short[0]]), 'step')}; the model "
                f"reads the last {self.context_:,}, so give as many at least"
            )
        return self._follow(
            [history[-self.context_ :] for history in histories],
            [row[-self.context_ - self.horizon :] for row in known],
        )

    def predict_point(self, X: Any, covariates: Any = None) -> Floats:
        """Return one number for each step ahead, (M, H, C); of quantiles the nearest to 0.5."""
        return self.point(self.predict(X, covariates))

    def point(self, found: Floats) -> Floats:
        """Return one number of each (…, Q) that `predict` gave; without quantiles it is that."""
        if not self.quantiles:
            return found
        near = np.abs(np.sort(self.quantiles) - 0.5).argmin()
        return np.asarray(found[..., near])

    def score(self, X: Any, y: None = None, covariates: Any = None) -> float:
        """Return −MASE of the last H steps of each series, foretold from those before.

        0 is perfect; −1 as wrong as the seasonal naive forecast is, one season ahead, in the past.

        Raises:
            DataError: A series is shorter than the context and the horizon together.
        """
        check_is_fitted(self, "network_")
        histories = self._histories(X)
        known = as_known(covariates, histories, 0, self.n_known_)
        pasts = [history[: -self.horizon] for history in histories]
        if any(not len(past) for past in pasts):
            raise DataError(f"a series is no longer than the horizon, {self.horizon:,}; give more")
        put = self.predict_point(pasts, known if self.n_known_ else None)
        true = np.stack([history[-self.horizon :] for history in histories])
        units = np.stack([metrics.naive_error(past, self.season) for past in pasts])
        return -metrics.mase(true, put, units)

    def stream(self) -> ForecastStream:
        """Return a stream that takes a series sample by sample."""
        check_is_fitted(self, "network_")
        return ForecastStream(
            lambda values, known: self._follow([values], [known])[0],
            self.context_,
            self.n_variables_,
            self.n_known_,
            self.horizon,
        )

    def task(self, X: Any, y: Any = None) -> Problem:
        """Return what training would see of series; `y` is what is known ahead, if anything."""
        check_is_fitted(self, "network_")
        return self._problem(self._judged(X, y), None)

    # How a fit goes, step by step.

    def reach(self) -> int:
        """Return how many steps are read, T, as the options have it."""
        usual = max(2 * max(self.horizon, self.season), LEAST_CONTEXT)
        context = usual if self.context is None else self.context
        if context < self.season and self.differences:
            raise OptionError(
                f"context={context} is shorter than season={self.season}, whose last values "
                "forecasts are told from; read a season at least, or set differences=False"
            )
        if len(set(self.quantiles)) < len(self.quantiles):
            raise OptionError(f"quantiles={self.quantiles} names one twice; name each once")
        return context

    def _lens(
        self, histories: Sequence[Floats], known: Sequence[Floats], begins: Sequence[int]
    ) -> Lens:
        """Return how windows are read, by what comes before the validation part."""
        past = [history[:begin] for history, begin in zip(histories, begins, strict=True)]
        ahead = np.concatenate([row[:begin] for row, begin in zip(known, begins, strict=True)])
        return self._looking(
            level_of(past, self.context_, self.scaling), Scaling.fitted([ahead], "standard")
        )

    def _looking(self, values: Scaling, known: Scaling) -> Lens:
        own = (self.context_, self.horizon, self.season, self.scaling, self.differences)
        return Lens(*own, values, known)

    def _once_more(self, run: Run, histories: Sequence[Floats], known: Sequence[Floats]) -> Run:
        """Train anew on all steps, the held-out end too, for the epochs that were best without it.

        There is no checkpoint of it: a run that is resumed begins it anew, to the same bits. Where
        it does not come to its end, the network of before stays.

        Args:
            run: How the first training went.
            histories: The series.
            known: What is known ahead.
        """
        before = self.network_, self.lens_
        ends = [len(history) for history in histories]
        self.lens_ = self._lens(histories, known, ends)
        windows, _ = parted(histories, known, ends, self.lens_)
        with random_stream(self.seed, 0):
            self.network_ = self._build()
        epochs, interrupted = counted(run.best_epoch, "epoch"), False
        with suppress(Diverged):
            options = copy(self).set_params(epochs=run.best_epoch)
            again = train(self._problem(windows, None), options)
            if not (again.interrupted or again.diverged):
                self.notes_.append(f"trained once more for {epochs}, on the held-out steps too")
                return run
            interrupted = again.interrupted
        self.network_, self.lens_ = before
        self.notes_.append(f"training once more for {epochs} failed; the network of before is kept")
        return replace(run, interrupted=interrupted)

    def _given(self, validation: Any) -> Windows | None:
        """Return the windows of series that a user gave to stop early by."""
        if validation is None:
            return None
        pair = validation if isinstance(validation, tuple) else (validation, None)
        if len(pair) != 2:
            raise DataError("validation is no series, nor a pair of series and covariates")
        return self._judged(*pair)

    def _judged(self, X: Any, covariates: Any) -> Windows:
        """Return all windows of series."""
        histories = self._histories(X)
        known = as_known(covariates, histories, 0, self.n_known_)
        starts = [np.arange(self.context_, len(h) - self.horizon + 1) for h in histories]
        units = [metrics.naive_error(history, self.season) for history in histories]
        found = windows_of(histories, known, starts, units)
        if not len(found):
            raise DataError(
                "no series is long enough for a window: that takes "
                f"{counted(self.context_ + self.horizon, 'step')}"
            )
        return found

    def _histories(self, X: Any) -> list[Floats]:
        """Return series with as many variables as those of the training."""
        histories = as_histories(X)
        if histories[0].shape[1] != self.n_variables_:
            raise DataError(
                f"the series have {counted(histories[0].shape[1], 'variable')}, those of the "
                f"training had {self.n_variables_}"
            )
        return histories

    def _build(self) -> ForecastNetwork:
        return ForecastNetwork(self, self.n_variables_, self.n_known_, self.context_)

    def _problem(self, windows: Windows, dev: Windows | None) -> Problem:
        """Return what the training loop needs: batches, loss, validation."""
        same = np.full(len(windows), self.context_)  # all windows are equally long

        def batches(epoch: int) -> Iterator[tuple[WindowBatch, int]]:
            for rows in shuffled_batches(same, self.batch_size, self.seed, epoch):
                yield self.lens_.batch(windows, rows)[0], len(rows)

        return Problem(
            network=self.network_,
            batches=batches,
            steps=-(-len(windows) // self.batch_size),
            loss=self._loss,
            kernels=self.network_.kernels(),
            validate=None if dev is None else lambda: self._validated(dev),
            unit="windows",
        )

    def _loss(self, batch: WindowBatch) -> Tensor:
        found = self.network_(batch.x, batch.future)
        return forecast_loss(found, batch.true, tuple(sorted(self.quantiles)), self.loss)

    def _validated(self, windows: Windows) -> dict[str, float]:
        """Return loss and MASE of the network as it stands."""
        loss = wrong = 0.0
        with torch.inference_mode():
            for rows in _pieces(len(windows)):
                batch, frame = self.lens_.batch(windows, rows)
                found = self.network_(batch.x, batch.future)
                quantiles = tuple(sorted(self.quantiles))
                cost = forecast_loss(found, batch.true, quantiles, self.loss)
                loss += float(cost) * len(rows)
                put = self._point_of(frame.outward(found.numpy()))
                true = windows.true(rows, self.horizon)
                wrong += metrics.mase(true, put, windows.units[rows]) * len(rows)
        return {"loss": loss / len(windows), "mase": wrong / len(windows)}

    def _point_of(self, found: Floats) -> Floats:
        """Return one number of each of forecasts (B, H, C, Q)."""
        return self.point(self._ordered(found))

    def _ordered(self, found: Floats) -> Floats:
        """Return quantiles in rising order (Chernozhukov et al. 2010); one value alone."""
        return np.sort(found, axis=-1) if self.quantiles else found[..., 0]

    def _follow(self, pasts: Sequence[Floats], known: Sequence[Floats]) -> Floats:
        """Return what follows windows, T steps each, with what is known of T + H."""
        values = [np.pad(past, ((0, self.horizon), (0, 0))) for past in pasts]
        starts, units = np.array([self.context_]), np.ones(self.n_variables_)
        return self.foretell(
            windows_of(values, known, [starts] * len(values), [units] * len(values))
        )

    def foretell(self, windows: Windows) -> Floats:
        """Return what follows windows that were cut already, as `predict` does."""
        found = []
        with torch.inference_mode():
            for rows in _pieces(len(windows)):
                batch, frame = self.lens_.batch(windows, rows)
                put = self.network_.one_by_one(batch.x, batch.future)
                found.append(self._ordered(frame.outward(put.numpy())))
        return np.concatenate(found)

    # The model folder.

    def _facts(self) -> dict[str, Any]:
        of = counted(self.n_variables_, "variable")
        read = f"the last {counted(self.context_, 'step')} of {of}"
        return {"reads": f"{read} and foretells {self.horizon:,}", "use": "model.predict(series)"}

    def _learned(self) -> dict[str, Any]:
        scalings = (self.lens_.values, self.lens_.known)
        return {
            **super()._learned(),
            "context": self.context_,
            "variables": self.n_variables_,
            "known": self.n_known_,
            "lens": [row for scaling in scalings for row in scaling.state().values()],
        }

    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None:
        """Become fitted again from what `_learned` returned, the weights and the text files."""
        self._recall(learned, files)
        self.context_ = int(learned["context"])
        self.n_variables_, self.n_known_ = int(learned["variables"]), int(learned["known"])
        rows, sizes = learned["lens"], (self.n_variables_, self.n_known_)
        states = [{"centre": rows[n], "spread": rows[n + 1]} for n in (0, 2)]
        self.lens_ = self._looking(*map(Scaling.restored, states, sizes))
        self._take_weights(self._build(), arrays)


def _pieces(count: int) -> Iterator[NDArray[np.int64]]:
    """Yield the numbers of all rows, some at a time."""
    for start in range(0, count, PREDICT_BATCH):
        yield np.arange(start, min(start + PREDICT_BATCH, count))
