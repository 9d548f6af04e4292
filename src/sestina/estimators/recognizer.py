"""BridgeRecognizer: features of noisy speech → what is said, taught by who heard it nearby."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sestina.audio.frames import stacked
from sestina.config import RecognitionOptions, RecognitionTrainingOptions
from sestina.data.ragged import Ragged, sorted_batches
from sestina.errors import DataError, counted
from sestina.estimators import recognising
from sestina.estimators.recognising import Spoken, SpokenBatch
from sestina.estimators.taught import BATCH, Student, three_of
from sestina.estimators.validation import drawn
from sestina.nn import losses
from sestina.nn.bridged import SteppedNetwork
from sestina.recognition.ctc import Floats
from sestina.recognition.errors import symbol_errors
from sestina.recognition.prefix_search import Words
from sestina.shapes import as_series
from sestina.signals import Scaling, Values
from sestina.train import Problem, random_stream


@dataclass(eq=False, repr=False, kw_only=True)
class BridgeRecognizer(RecognitionTrainingOptions, RecognitionOptions, Student, BaseEstimator):
    """Recognise what is said in noisy speech, taught by a network that heard it nearby (F1–F6).

    The options are those of `sestina.config`: `BridgeOptions`, `RecognitionOptions` and
    `RecognitionTrainingOptions`. A recursive network (`sestina.nn.bridge`) says at each step which
    symbol it hears, or none, and reads that again `recursions` times. Symbols are the characters of
    the texts, or with ``level="word"`` what blanks part in them: words, or phones ("AH B IY"). It
    learns by CTC (Graves et al. 2006), over all ways to place the symbols, or with
    ``alignment="clean"`` by the steps that the teacher places them at in the clean sound. The
    student's loss is (1 − kd) · that + kd · cross-entropy to the teacher's answers, step by step, +
    dr · error of the dimension reduction + lstm3 · error of the LSTM layer that follows, all at the
    last recursion. Source: Kim, El-Khamy and Lee (2017), arXiv 1710.10224, who have HMM states in
    the place of characters.

    Attributes (after `fit`):
        n_features_in_: D, features of a frame.
        symbols_: What each of the K symbols writes; the first, CTC's blank, writes nothing.
        teacher_: The fitted teacher; None without bridges and alignment. It is not saved.

    Example:
        >>> import numpy as np
        >>> from sestina import BridgeRecognizer
        >>> rng = np.random.default_rng(0)
        >>> texts = ["".join(rng.choice([*"ab"], 3)) for _ in range(60)]
        >>> sounds = {"a": np.eye(3)[[1, 1, 0]], "b": np.eye(3)[[2, 2, 0]]}
        >>> clean = [np.concatenate([sounds[letter] for letter in text]) for text in texts]
        >>> noisy = [row + 0.1 * rng.normal(size=row.shape) for row in clean]
        >>> net = BridgeRecognizer(hidden=12, reduced=12, filters=(4,), filter_width=3, stack=1,
        ...                        skip=1, epochs=40, learning_rate=0.02, dropout=0.0)
        >>> net.fit(clean, noisy, texts).score(noisy, texts) > 0.9
        True
    """

    _unit: ClassVar[str] = "utterances"
    _alone: ClassVar[dict[str, Any]] = {**Student._alone, "alignment": None}
    _joined: ClassVar[tuple[str, ...]] = ("level", *Student._joined, "stack", "skip")

    def fit(
        self,
        clean: Any,
        noisy: Any,
        labels: Any,
        *,
        teacher: Self | None = None,
        validation: tuple[Any, Any, Any] | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on N utterances as they are heard far off and nearby, and on what is said.

        Args:
            clean: N arrays of frames (T, D); None where nothing needs them.
            noisy: Their twins of as many frames, frame by frame the same moments.
            labels: N texts.
            teacher: A fitted one of the same sub-blocks; by default one is trained on `clean`
                first, with the same options, and held out the same.
            validation: Clean and noisy frames and texts for early stopping; by default
                ``validation_fraction`` is held out, equal texts together.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from that checkpoint, where there is one.

        Raises:
            SestinaError: The data, an option, the teacher or the checkpoint cannot be used, or
                training failed; `Trained` says which error is which.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        started = self._begin()
        self._check_blocks()
        pairs = self._pairs_of(clean, noisy)
        texts = recognising.as_spoken_texts(labels, len(pairs))
        symbols = recognising.symbols_of(texts, self.level)
        self.notes_: list[str] = []
        self._take_teacher(teacher)
        if self.wants_teacher and teacher is None:
            self._take_teacher(self._taught(clean, texts, validation, checkpoint, resume))
        if self.teacher_ is not None:
            self._check_teacher(self.teacher_, pairs, symbols)
            symbols = self.teacher_.symbols_
        self.symbols_: list[str] = list(symbols)
        pairs, texts, held = self._held_out(pairs, texts, validation)
        rows = self._learn(pairs)
        with random_stream(self.seed, 0):
            self.network_ = self._build()
        try:
            data = self._spoken(self._scaled(rows, self._channels), texts, "utterance")
            dev = None if held is None else self._validation(*held)
        except BaseException:
            del self.network_
            raise
        run = self._train(
            lambda: self._problem(data, dev),
            lambda: self._identity(data, dev),
            checkpoint,
            resume,
        )
        self._keep(run, started)
        return self

    @property
    def paired(self) -> bool:
        """Whether training needs clean twins."""
        return super().paired or self.alignment is not None

    @property
    def wants_teacher(self) -> bool:
        """Whether anything asks for a teacher: a bridge, or the alignment."""
        return super().wants_teacher or self.alignment is not None

    def log_probabilities(self, noisy: Any) -> list[Floats]:
        """Return log P of each symbol at each step of N utterances, (⌈T / skip⌉, K) each.

        Raises:
            DataError: They are no frames of as many features as in training.
        """
        check_is_fitted(self, "network_")
        return self._logs(self._noisy_inputs(noisy))

    def predict_proba(self, noisy: Any) -> list[NDArray[np.float64]]:
        """Return P of each symbol at each step of N utterances, (⌈T / skip⌉, K) each."""
        return [np.exp(table) for table in self.log_probabilities(noisy)]

    def predict(self, noisy: Any, beam: int | None = None, words: Words | None = None) -> list[str]:
        """Return what is said in N utterances.

        Args:
            noisy: N arrays of frames (T, D).
            beam: Beginnings that are followed up side by side, each with the sum of its paths; by
                default each step's likeliest symbol is taken.
            words: A language model of words to hear, too, with ``letters=model.symbols_``.

        Raises:
            DataError: They are no frames of as many features as in training.
            OptionError: The beam is less than 1, the letters are others, or words came with
                ``level="word"``, whose symbols are no letters.
        """
        logs = self.log_probabilities(noisy)
        return recognising.read_off(logs, self.symbols_, self.level, beam, words)

    def evaluate(
        self, noisy: Any, labels: Any, beam: int | None = None, words: Words | None = None
    ) -> dict[str, Any]:
        """Return word and character error rates, "wer" and "cer", with their 95 % intervals.

        Symbols that the training texts lacked count as errors. With ``level="word"`` "wer" counts
        symbols, so of phones it is the phone error rate; "cer" counts the characters that they are
        written with, at every level. For the arguments see `predict`.

        Raises:
            DataError: There is not one text for each, or nothing is said in them.
        """
        put = self.predict(noisy, beam, words)
        true = recognising.as_spoken_texts(labels, len(put))
        return recognising.error_figures(true, put, self.seed)

    def score(self, noisy: Any, labels: Any) -> float:
        """Return 1 − the error rate of symbols, the more the better; it may be below 0.

        That is the character error rate, with ``level="word"`` the word (or phone) error rate.
        """
        put = self.predict(noisy)
        true = recognising.as_spoken_texts(labels, len(put))
        return 1.0 - symbol_errors(true, put, self.level).rate

    def task(self, X: Any, y: Any = None) -> Problem:
        """Return what training would see of noisy utterances and what is said in them.

        Those with fewer steps than CTC needs are left out, unless all are such.
        """
        check_is_fitted(self, "network_")
        inputs = self._noisy_inputs(X)
        texts = recognising.as_spoken_texts(y, len(inputs))
        kept = recognising.long_enough(inputs.lengths, texts, self.level) or range(len(texts))
        inputs, texts = inputs.take(np.array(kept)), [texts[n] for n in kept]
        return self._problem(self._spoken(inputs, texts, "utterance"), None)

    # How a fit goes, step by step.

    @property
    def _channels(self) -> int:
        """C, the features of a step."""
        return self.n_features_in_ * self.stack

    def _held_out(self, pairs: list[Values], texts: list[str], validation: Any) -> tuple[Any, ...]:
        """Return training pairs and texts, and the validation part, drawn if none was given."""
        if validation is None:
            return drawn(pairs, texts, texts, self)
        clean, noisy, labels = three_of(validation)
        held = self._pairs_of(clean, noisy)
        return pairs, texts, (held, recognising.as_spoken_texts(labels, len(held)))

    def _learn(self, pairs: list[Values]) -> list[Values]:
        """Learn features and their scaling; return the steps of training pairs."""
        width = pairs[0].shape[1]
        self.n_features_in_: int = width // 2 if self.paired else width
        if self.n_features_in_ % (self.planes or 1):
            raise DataError(
                f"{counted(self.n_features_in_, 'feature')} came, which make no {self.planes} "
                "planes of equal size; set planes=1, or 1 + deltas of LogMel"
            )
        rows = self._steps(pairs)
        self._learn_scaling(rows, self._channels, self.scaling)
        return rows

    def _steps(self, pairs: list[Values]) -> list[Values]:
        """Return frames side by side, (⌈T / skip⌉, C or 2C): the noisy ones, then the clean."""
        sides = (np.split(row, row.shape[1] // self.n_features_in_, axis=1) for row in pairs)
        return [
            np.concatenate([stacked(side, self.stack, self.skip) for side in both], axis=1)
            for both in sides
        ]

    def _paired_inputs(self, pairs: list[Values]) -> Ragged:
        self._check_features(pairs[0].shape[1], self.n_features_in_ * (1 + self.paired))
        return self._scaled(self._steps(pairs), self._channels)

    def _noisy_inputs(self, X: Any) -> Ragged:
        rows = as_series(X)
        self._check_features(rows[0].shape[1], self.n_features_in_)
        return self._scaled(self._steps(rows), self._channels)

    def _answers(self) -> list[Any]:
        return self.symbols_

    def _check_features(self, width: int, wanted: int) -> None:
        if width != wanted:
            ours = self.n_features_in_
            raise DataError(
                f"the utterances have {counted(width * ours // wanted, 'feature')}, those of the "
                f"training had {ours}"
            )

    def _spoken(self, inputs: Ragged, texts: list[str], what: str) -> Spoken:
        """Return utterances in numbers, placed by the teacher where that is asked for.

        Raises:
            DataError: One has too few steps for what is said.
        """
        said, unknown = recognising.numbers_of(texts, self.symbols_, self.level)
        if unknown:
            self.notes_.append(f"{what}s: {counted(unknown, self.level)} that training lacked")
        recognising.refuse_short(inputs, said, texts, what)
        found = Spoken(inputs, said, texts)
        if self.alignment is None or self.teacher_ is None or not self._has_twins(inputs.values):
            return found
        clean = Ragged(inputs.values[:, self._channels : 2 * self._channels], inputs.offsets)
        return replace(found, aligned=recognising.aligned_by(self.teacher_._logs(clean), said))

    def _validation(self, pairs: list[Values], texts: list[str]) -> Spoken:
        return self._spoken(self._paired_inputs(pairs), texts, "validation utterance")

    def _build(self) -> SteppedNetwork:
        planes = (self.planes or 1) * self.stack
        return SteppedNetwork(self, self._channels, len(self.symbols_), planes)

    def _logs(self, inputs: Ragged) -> list[Floats]:
        """Return log P of each symbol at each step, (T, K) each."""
        out: list[Any] = [None] * len(inputs)
        with torch.inference_mode():
            for rows in sorted_batches(inputs.lengths, BATCH):
                x, lengths = self._tensors(inputs, rows)
                tables = self.network_(x, lengths).double().log_softmax(dim=2).numpy()
                for row, table, length in zip(rows, tables, lengths.tolist(), strict=True):
                    out[row] = table[:length].copy()
        return out

    def _problem(self, data: Spoken, dev: Spoken | None) -> Problem:
        """Return what the training loop needs: batches, the student's loss, validation."""

        def loss(batch: list[SpokenBatch]) -> Tensor:
            # every error is a mean over steps, so parts count by theirs
            steps = sum(int(part.lengths.sum()) for part in batch)
            return torch.stack(
                [self._part_loss(part) * (int(part.lengths.sum()) / steps) for part in batch]
            ).sum()

        return Problem(
            network=self.network_,
            batches=lambda epoch: data.batches(self.batch_size, self.seed, epoch),
            steps=-(-len(data.steps) // self.batch_size),
            loss=loss,
            kernels=self.network_.kernels(),
            validate=None if dev is None else lambda: self._validated(dev),
            unit=self._unit,
        )

    def _part_loss(self, batch: SpokenBatch) -> Tensor:
        """Return a student's loss, the mean over steps."""
        heard = self.network_.heard(batch.x[:, :, : self._channels], batch.lengths)
        return self._bridged_loss(_own_loss(heard.last.logits, batch), heard, batch.x)

    def _validated(self, dev: Spoken) -> dict[str, float]:
        """Return loss by step, error rate of symbols and the bridges' errors of the network."""
        total, put = 0.0, [""] * len(dev.texts)
        with torch.inference_mode():
            for rows in sorted_batches(dev.steps.lengths, BATCH):
                batch = dev.batch(rows)
                logits = self.network_(batch.x, batch.lengths)
                total += float(_own_loss(logits, batch)) * int(batch.lengths.sum())
                found = recognising.best_texts(logits, batch.lengths, self.symbols_, self.level)
                for row, text in zip(rows.tolist(), found, strict=True):
                    put[row] = text
        figures = {"loss": total / len(dev.steps.values)}
        rate = recognising.RATES[self.level]
        figures[rate] = symbol_errors(dev.texts, put, self.level).rate
        return figures | self._validated_bridges(dev.steps)

    def _identity(self, data: Spoken, dev: Spoken | None) -> dict[str, Any]:
        """Return what a resumed run must share: the options but for the epochs, and the data."""
        arrays = [a for part in (data, dev) if part is not None for a in part.arrays()]
        return self._options_and_data(arrays, **self._teacher_sum())

    # The model folder.

    def reading(self) -> str:
        """Return in words what the network reads."""
        times = f", said again {counted(self.recursions, 'time')}" if self.recursions else ""
        return (
            f"{counted(self.n_features_in_, 'feature')} a frame, {counted(self.stack, 'frame')} a "
            f"step, every {self.skip}{times}"
        )

    def _facts(self) -> dict[str, Any]:
        return {"reads": self.reading(), "symbols": self.symbols_}

    def _learned(self) -> dict[str, Any]:
        return {
            "symbols": self.symbols_,
            "n_features_in": self.n_features_in_,
            "scaling": self.scaling_.state(),
            "clean": self._clean_scaling.state(),
            **super()._learned(),
        }

    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None:
        self._recall(learned, files)
        self._take_teacher(None)
        self.n_features_in_ = int(learned["n_features_in"])
        self.symbols_ = _symbols(learned["symbols"])
        sides = ("scaling", "clean")
        self.scaling_, self._clean_scaling = (
            Scaling.restored(learned[side], self._channels) for side in sides
        )
        self._take_weights(self._build(), arrays)


def _own_loss(logits: Tensor, batch: SpokenBatch) -> Tensor:
    """Return the loss without a teacher: of the placed symbols, or of all ways to place them."""
    if batch.aligned is not None:
        return losses.stepwise(logits, batch.lengths, batch.aligned)
    return losses.ctc(logits, batch.lengths, batch.said, batch.sizes)


def _symbols(found: list[str]) -> list[str]:
    """Return the symbols of a folder.

    Raises:
        ValueError: They are none.
    """
    good = isinstance(found, list) and all(isinstance(one, str) for one in found)
    if not good or found[:1] != [""] or len(set(found)) < len(found):
        raise ValueError("its symbols are damaged")
    return found
