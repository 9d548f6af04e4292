"""What Keras' two sides share: layers with the common weights, and epochs by `fit`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from .. import inputs
from ..work import Array, NotThere, Prepared, Work, sample

KINDS = {"rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


def build(work: Work) -> Any:
    """Return the recurrent layer of a work with its weights."""
    if work.layers > 1 or work.directions > 1 or work.initial_state or work.full_lengths:
        raise NotThere("not part of this comparison")
    layer = KINDS[work.cell](
        work.hidden,
        return_sequences=work.every_output,
        dropout=work.input_dropout,
        recurrent_dropout=work.recurrent_dropout,
    )
    layer.build((work.batch, work.steps, work.features))
    load(layer, work)
    return layer


def load(layer: Any, work: Work) -> None:
    """Give a layer the common weights, in Keras' order of gates."""
    arrays = inputs.weights(work)
    w, u, b, c = (
        _reordered(arrays[f"{name}_l0"], work)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    layer.set_weights([w.T, u.T, np.stack([b, c]) if work.cell == "gru" else b + c])


def _reordered(rows: Array, work: Work) -> Array:
    """Turn PyTorch's reset, update, new into Keras' update, reset, new."""
    if work.cell != "gru":
        return rows
    reset, update, new = np.split(rows, 3)
    return np.concatenate([update, reset, new])


def answer(work: Work, result: Any, gradient: Any) -> dict[str, list[float]]:
    """Return what a layer gave, for comparison; nothing where masks are random."""
    if work.recurrent_dropout or work.input_dropout:
        return {}
    return {"result": sample(np.asarray(result)), "gradient": sample(np.asarray(gradient))}


def epoch(work: Work) -> Prepared:
    """Return an epoch of `fit` as a run, and the logits of the first texts before it."""
    texts, start = inputs.texts(work), inputs.network(work)
    cell = KINDS[work.cell](work.hidden)
    network = keras.Sequential(
        [
            keras.Input((work.steps,), dtype="int32"),
            keras.layers.Embedding(work.vocabulary, work.features, mask_zero=work.ragged),
            cell,
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.layers[0].set_weights([start["embedding"]])
    load(cell, work)
    network.layers[-1].set_weights([start["dense"].T, start["bias"]])
    network.compile(optimizer="rmsprop", loss="binary_crossentropy")
    tokens = texts.tokens.astype(np.int32)
    chances = network.predict(tokens[: work.batch], batch_size=work.batch, verbose=0)
    chances = np.asarray(chances, np.float64)[:, 0]

    def run() -> None:
        network.fit(tokens, texts.labels, batch_size=work.batch, epochs=1, verbose=0)

    return Prepared(run, {"logits": sample(np.log(chances / (1 - chances)))})
