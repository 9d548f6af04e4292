"""The forms in which sequences come to a recurrent layer, and leave it again.

A tensor of two or three dimensions, a PackedSequence, a list of tensors or a Lookup; inside a layer
there is one form, x (B, T, D) with true lengths. Letters: B batch, T time, D features in, L layers
times ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pad_packed_sequence,
    pad_sequence,
)

WHOLE = (torch.int32, torch.int64)
CHEAPER = 2  # occurrences of a token, on average, from which on folding pays


class Lookup(NamedTuple):
    """An embedding lookup that a recurrent layer may fold into its first product.

    What a layer makes of it is what it makes of ``F.embedding(ids, weight, padding)``, gradients
    included, to float32 rounding. Folded, the product of a token's vector with the layer's weights
    is formed once for each distinct token instead of once for each occurrence.

    Attributes:
        ids: Token ids: (B, T) with ``batch_first``, else (T, B), or (T,); int64 or int32.
        weight: (V, D) vectors by id.
        padding: The id whose vector gets no gradient, or None.
        fold: Whether to fold; None: where that is cheaper.
    """

    ids: Tensor
    weight: Tensor
    padding: int | None = None
    fold: bool | None = None

    def check(self) -> None:
        """Look at everything but the ids themselves.

        Raises:
            ValueError: There is no matrix, or no such row as `padding`, or the ids are no tensor.
        """
        if not isinstance(self.ids, Tensor) or not isinstance(self.weight, Tensor):
            raise ValueError(
                f"a Lookup wants tensors, got ids: {_said(self.ids)}, weight: {_said(self.weight)}"
            )
        if self.weight.dim() != 2:
            raise ValueError(
                f"a Lookup's weight should be (V, D), got shape {tuple(self.weight.shape)}"
            )
        rows = len(self.weight)
        if self.padding is not None and not -rows <= self.padding < rows:
            raise ValueError(f"padding is {self.padding}, the table has rows 0 to {rows - 1}")

    def vectors(self, lengths: Any = None, batch_first: bool = True) -> Tensor:
        """Return the vectors (…, D) of the ids; beyond `lengths`, where ids may be any, of some id.

        Raises:
            ValueError: `lengths` do not fit.
            IndexError: An id is not in the table.
        """
        ids = self.ids
        if lengths is not None and ids.dim() == 2:
            batch, steps = ids.shape if batch_first else ids.T.shape
            true = as_lengths(lengths, batch, steps).to(ids.device)
            beyond = torch.arange(steps, device=ids.device) >= true[:, None]
            ids = ids.masked_fill(beyond if batch_first else beyond.T, 0)
        return F.embedding(ids, self.weight, self.padding)


class Batch(NamedTuple):
    """Sequences in the one form, and what their own form was."""

    x: Tensor  # (B, T, D), perhaps a view of (T, B, D); with rows, a table (1, U, D)
    lengths: Tensor | None  # (B,) int64 on the CPU; None: all T
    time_first: bool
    alone: bool = False  # one sequence without a dimension for the batch
    packed: PackedSequence | None = None
    rows: Tensor | None = None  # (B, T) int64: which row of the table each step has

    @property
    def size(self) -> int:
        """B."""
        return (self.x if self.rows is None else self.rows).shape[0]

    @property
    def steps(self) -> int:
        """T."""
        return (self.x if self.rows is None else self.rows).shape[1]

    def states(self, hx: Any, count: int) -> tuple[Tensor, ...] | None:
        """Return the initial states, `count` tensors (L, B, H), in the order of x's rows.

        Raises:
            RuntimeError: It is not `count` tensors, or their dimensions do not go with the input's.
        """
        if hx is None:
            return None
        parts = tuple(hx) if count > 1 and isinstance(hx, tuple | list) else (hx,)
        if len(parts) != count or not all(isinstance(part, Tensor) for part in parts):
            wanted = "a tuple (h_0, c_0)" if count > 1 else "one tensor h_0"
            raise RuntimeError(f"hx should be {wanted}, got {_said(hx)}")
        dimensions = 2 if self.alone else 3
        for part in parts:
            if part.dim() != dimensions:
                raise RuntimeError(
                    f"hx should be {dimensions}-D for {'one' if self.alone else 'a batch of'} "
                    f"sequence{'' if self.alone else 's'}, got {part.dim()}-D"
                )
        if self.alone:
            return tuple(part[:, None] for part in parts)
        order = None if self.packed is None else self.packed.sorted_indices
        return parts if order is None else tuple(part.index_select(1, order) for part in parts)

    def closed(self, outputs: Tensor | None, final: Sequence[Tensor]) -> tuple[Any, Any]:
        """Return outputs (B, T, F) and final states (L, B, H) in the form that the input had."""
        if self.alone:
            outputs = None if outputs is None else outputs[0]
            final = [state[:, 0] for state in final]
        elif self.packed is not None:
            outputs, final = self._packed(outputs, final)
        elif self.time_first and outputs is not None:
            outputs = outputs.transpose(0, 1).contiguous()
        return outputs, tuple(final) if len(final) > 1 else final[0]

    def _packed(
        self, outputs: Tensor | None, final: Sequence[Tensor]
    ) -> tuple[Any, Sequence[Tensor]]:
        packed = self.packed
        assert packed is not None and self.lengths is not None
        order = packed.unsorted_indices
        if order is not None:
            final = [state.index_select(1, order) for state in final]
        if outputs is None:
            return None, final
        data = pack_padded_sequence(outputs, self.lengths, batch_first=True).data
        return PackedSequence(data, packed.batch_sizes, packed.sorted_indices, order), final


def opened(input: Any, lengths: Any, batch_first: bool, layer: str) -> Batch:
    """Bring what came to a layer into the one form.

    Args:
        input: (B, T, D) with `batch_first`, else (T, B, D); (T, D); a PackedSequence; or a list of
            tensors (T_i, D), which is padded to its longest.
        lengths: (B,) true lengths for a padded tensor, as a tensor, an array or a list.
        batch_first: As in torch.
        layer: The layer's name, for messages.

    Raises:
        ValueError: `input` is none of these, or `lengths` do not fit it.
    """
    if isinstance(input, PackedSequence):
        _refuse(lengths)
        sizes = PackedSequence(input.data, input.batch_sizes)  # in sorted order
        x, true = pad_packed_sequence(sizes, batch_first=True)
        return Batch(x, true, time_first=False, packed=input)
    if isinstance(input, list | tuple):
        _refuse(lengths)
        input, lengths = _padded(input, batch_first, layer)
    if not isinstance(input, Tensor):
        raise ValueError(f"{layer}: expected a tensor of sequences, got {_said(input)}")
    if input.layout != torch.strided:
        raise ValueError(f"{layer}: expected a dense tensor, got layout {input.layout}")
    if input.dim() not in (2, 3):
        raise ValueError(f"{layer}: Expected input to be 2D or 3D, got {input.dim()}D instead")
    if input.dim() == 2:
        _refuse(lengths)
        return Batch(input[None], None, time_first=False, alone=True)
    x = input if batch_first else input.transpose(0, 1)
    checked = None if lengths is None else as_lengths(lengths, x.shape[0], x.shape[1])
    return Batch(x, checked, time_first=not batch_first)


def folded(lookup: Lookup, lengths: Any, batch_first: bool) -> Batch | None:
    """Return a lookup as a table of its distinct tokens' vectors, and each step's row in it.

    Returns None where that would not be cheaper, unless `lookup.fold` insists, and where the ids
    are not a matrix.

    Raises:
        ValueError: `lengths` do not fit.
        IndexError: An id is not in the table.
    """
    from sestina.kernels.folding import distinct_tokens  # which loads numba

    ids, weight = lookup.ids, lookup.weight
    if lookup.fold is False or ids.dim() != 2 or not ids.numel() or ids.dtype not in WHOLE:
        return None
    ids = (ids if batch_first else ids.T).long()
    checked = None if lengths is None else as_lengths(lengths, *ids.shape)
    true = None if checked is None else checked.numpy()
    distinct, rows = map(torch.from_numpy, distinct_tokens(ids.numpy(), true, len(weight)))
    steps = ids.numel() if checked is None else int(checked.sum())
    if not len(distinct) or (lookup.fold is None and CHEAPER * len(distinct) > steps):
        return None
    apply: Callable[..., Tensor] = _Rows.apply  # to which torch gives no types
    table = apply(weight, distinct, lookup.padding)[None]
    return Batch(table, checked, time_first=not batch_first, rows=rows)


class _Rows(torch.autograd.Function):
    """Rows (U, D) of a table (V, D), each at most once: their gradients are copied, not added."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, distinct: Tensor, padding: int | None) -> Tensor:
        """Take the rows."""
        ctx.save_for_backward(distinct)
        ctx.rows, ctx.padding = len(weight), padding
        return weight.index_select(0, distinct)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Give the table zeros but for the rows taken, the padding's row left out."""
        (distinct,) = ctx.saved_tensors
        whole = gradient.new_zeros(ctx.rows, gradient.shape[1]).index_copy_(0, distinct, gradient)
        if ctx.padding is not None:
            whole[ctx.padding] = 0.0
        return whole, None, None


def _refuse(lengths: Any) -> None:
    if lengths is not None:
        raise ValueError(
            "lengths= goes with one padded tensor of three dimensions; a PackedSequence, a list "
            "or a single sequence has lengths of its own"
        )


def _padded(rows: Sequence[Any], batch_first: bool, layer: str) -> tuple[Tensor, Tensor]:
    """Lay sequences (T_i, D) into one tensor; return it with their lengths."""
    shapes = [tuple(row.shape) if isinstance(row, Tensor) else _said(row) for row in rows]
    if not rows or any(isinstance(s, str) or len(s) != 2 or s[1] != shapes[0][1] for s in shapes):
        raise ValueError(
            f"{layer}: a list should hold tensors (T_i, D) with one D, got "
            + (", ".join(map(str, shapes[:4])) + (", …" if shapes[4:] else "") or "none")
        )
    return pad_sequence(list(rows), batch_first), torch.tensor([len(row) for row in rows])


def as_lengths(lengths: Any, batch: int, steps: int) -> Tensor:
    """Return a copy of true lengths as int64 (B,) on the CPU.

    Raises:
        ValueError: They are not `batch` whole numbers from 0 to `steps`.
    """
    if not isinstance(lengths, Tensor):
        try:
            lengths = torch.from_numpy(np.array(lengths))
        except (TypeError, ValueError) as error:  # no numbers, or rows of several lengths
            raise ValueError(f"lengths should be {batch} whole numbers, got {lengths!r}") from error
    whole = not (lengths.is_floating_point() or lengths.is_complex()) or lengths.numel() == 0
    if tuple(lengths.shape) != (batch,) or not whole or lengths.dtype == torch.bool:
        raise ValueError(
            f"lengths should be {batch} whole numbers, one for each sequence, "
            f"got {lengths.dtype} of shape {tuple(lengths.shape)}"
        )
    copy: Tensor = lengths.detach().to("cpu", torch.int64, copy=True)
    if batch and not 0 <= int(copy.min()) <= int(copy.max()) <= steps:
        raise ValueError(
            f"lengths should lie between 0 and the {steps} steps of the input, "
            f"got {int(copy.min())} to {int(copy.max())}"
        )
    return copy


def _said(thing: Any) -> str:
    kind = type(thing).__name__
    return f"{kind} of {len(thing)}" if isinstance(thing, tuple | list) else kind
