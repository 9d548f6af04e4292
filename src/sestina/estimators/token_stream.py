"""One text, token by token: feed one, get the distribution of the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray

from sestina.config import StackOptions
from sestina.errors import DataError, counted
from sestina.nn.drop_in import Recurrent
from sestina.nn.language import LanguageNetwork
from sestina.shapes import as_state
from sestina.text.vocabulary import EOS, Vocabulary

Shares = NDArray[np.float64]
State = tuple[NDArray[np.generic], ...]


class Given(NamedTuple):
    """What a text has before its first token, where it is made from a vector.

    Attributes:
        states: The first states of each layer: (h,), or (h, c), each (1, H).
        beside: What stands beside each token's vector, (C,).
    """

    states: Sequence[Sequence[NDArray[np.float32]]]
    beside: NDArray[np.float32]


class TokenStream:
    """A language model in the middle of a text; it begins where a text begins.

    Args:
        network: The trained network; its recurrent weights are copied.
        vocabulary: V tokens.
        options: Its sizes.
        running: Whether the state goes on from one text to the next.
        window: Read so many of the last tokens afresh at each step, instead of keeping a state.
        given: What texts have before their first token.
    """

    def __init__(
        self,
        network: LanguageNetwork,
        vocabulary: Vocabulary,
        options: StackOptions,
        running: bool,
        window: int | None = None,
        given: Given | None = None,
    ) -> None:
        self._network, self._vocabulary = network, vocabulary
        self._forgets = None if running else vocabulary[EOS]
        self._vectors = network.embedding.weight.detach().numpy()  # (V, E)
        layers = cast("Iterable[Recurrent]", network.encoder)  # a ModuleList has no types
        self._layers, self._residual = [layer.stepper() for layer in layers], options.residual
        self._window = None if window is None else deque[int](maxlen=window)
        self._given = given
        self._shape = (options.layers, options.hidden)
        self._top = np.zeros(options.hidden, np.float32)  # the last layer's h, (H,)
        self._known: Shares | None = None  # log P of the next token, once asked for
        self.state = None

    @property
    def log_probabilities(self) -> Shares:
        """Log P of each token coming next, (V,), natural; −∞ for PAD."""
        if self._known is None:
            with torch.inference_mode():
                found = self._network.log_probabilities(torch.from_numpy(self._top[None]))
            self._known = found[0].numpy()
        return self._known

    @property
    def probabilities(self) -> Shares:
        """P of each token coming next, (V,)."""
        return np.exp(self.log_probabilities)

    def feed(self, token: str | int) -> Shares:
        """Go one token on and return P of each token coming next, (V,).

        Args:
            token: A token, or its id. One that the vocabulary has not is UNK; after EOS a new text
                begins.

        Raises:
            DataError: It is no token, or the id is PAD's, or outside the vocabulary.
        """
        if not isinstance(token, str | int | np.integer):
            raise DataError(f"{token!r:.60} ({type(token).__name__}) came; expected a token or id")
        self.advance(self._vocabulary[token] if isinstance(token, str) else int(token))
        return self.probabilities

    def advance(self, token: int) -> None:
        """Go one token on, given by its id.

        Raises:
            DataError: The id is PAD's, or outside the vocabulary.
        """
        if not 1 <= token < len(self._vectors):
            raise DataError(
                f"the token {token} is none that a text has; expected 1 to {len(self._vectors) - 1}"
            )
        if token == self._forgets:
            self._go(None)
        if self._window is not None:
            self._window.append(token)
            self._read_window()
        else:
            self._top = self._read(token)
        self._known = None

    def scored(self, tokens: Iterable[str]) -> list[tuple[str, float]]:
        """Go on to a text's end; return its tokens, EOS the last, and log P of each, natural.

        A token outside the vocabulary has the log P of UNK.
        """
        found = []
        for token in [*tokens, EOS]:
            number = self._vocabulary[token]
            found.append((token, float(self.log_probabilities[number])))
            self.advance(number)
        return found

    def _read(self, token: int) -> NDArray[np.float32]:
        """Take one step with all layers, (H,)."""
        x: NDArray[np.float32] = self._vectors[token]
        if self._given is not None:
            x = np.concatenate([x, self._given.beside])
        for depth, layer in enumerate(self._layers):
            made = layer.step(x)
            x = made + x if depth and self._residual else made
        return x

    def _read_window(self) -> None:
        """Read the window afresh, as it was read in training."""
        for layer in self._layers:
            layer.state = None
        for token in self._window or ():
            self._top = self._read(token)

    @property
    def state(self) -> State:
        """Where the stream stands: (h,), or (h, c), each (layers, H); (tokens,) with windows.

        A copy, to be kept (for instance by `numpy.savez`) and put back; None is the beginning of a
        text.
        """
        if self._window is not None:
            return (np.array(self._window, np.int64),)
        parts = zip(*(layer.state for layer in self._layers), strict=True)
        return tuple(np.concatenate(part) for part in parts)

    @state.setter
    def state(self, arrays: Sequence[NDArray[np.generic]] | None) -> None:
        """Go to where a stream of this model stood.

        Raises:
            DataError: It is not a state of this model.
        """
        if arrays is None:
            self._go(None)
            self.advance(self._vocabulary[EOS])
            return
        arrays = tuple(as_state(arrays))
        came = [array.shape for array in arrays]
        if self._window is not None:
            good = len(arrays) == 1 and self._are_tokens(arrays[0])
            wanted = f"one row of tokens, 1 to {len(self._vectors) - 1}"
        else:
            good = came == [self._shape] * len(self._layers[0].state)
            wanted = f"{counted(len(self._layers[0].state), 'array')} of shape {self._shape}"
        if not good:
            raise DataError(f"a state of shapes {came} came; this model's is {wanted}")
        self._go(arrays)

    def _are_tokens(self, row: NDArray[Any]) -> bool:
        """Tell whether an array is a row of ids that a text may have."""
        plain = row.ndim == 1 and len(row) > 0 and row.dtype.kind in "iu"
        return plain and bool(((row >= 1) & (row < len(self._vectors))).all())

    def _go(self, arrays: State | None) -> None:
        if self._window is not None:
            self._window.clear()
            self._window.extend(int(token) for token in (arrays or ((),))[0])
            self._read_window()
        else:
            for depth, layer in enumerate(self._layers):
                if arrays is not None:
                    layer.state = [np.asarray(a[depth : depth + 1], np.float32) for a in arrays]
                else:
                    layer.state = None if self._given is None else self._given.states[depth]
            if arrays is not None:
                states = np.asarray(arrays[0], np.float32)  # (layers, H)
                self._top = states.sum(axis=0) if self._residual else states[-1]
        self._known = None
