"""How each cell's saved values and weights lie in memory.

A cell's H-blocks are PyTorch's gates in an order of our own, so that those which W makes and those
which U makes are each neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

from sestina.kernels.sequence import PAD


@dataclass(frozen=True)
class Layout:
    """Where a cell's blocks stand.

    Attributes:
        blocks: H-blocks saved per step and row.
        w: PyTorch's gate in each block that W makes; these stand first.
        u: PyTorch's gate in each block that U makes from h; these stand at `u_first`.
        u_first: See `u`.
        inner: PyTorch's gate that U makes from r ∘ h, which is the last saved block; or None.
        apart: Whether the last of U's blocks has its own bias, added before r multiplies.
    """

    blocks: int
    w: tuple[int, ...]
    u: tuple[int, ...]
    u_first: int = 0
    inner: int | None = None
    apart: bool = False

    @property
    def from_states(self) -> tuple[int, ...]:
        """PyTorch's gate in each block of U's gradient: those from h, then that from r ∘ h."""
        return self.u if self.inner is None else (*self.u, self.inner)


LAYOUTS = {
    "rnn_tanh": Layout(1, (0,), (0,)),
    "rnn_relu": Layout(1, (0,), (0,)),
    "lstm": Layout(4, (0, 1, 2, 3), (0, 1, 2, 3)),
    "gru_simple": Layout(2, (0, 1), (0, 1)),
    # i, f, g, o, then U h of each, then W x; n, r, z, then U h of r, z, n, then W x of n, r, z
    "lstm_normed": Layout(12, (0, 1, 2, 3), (0, 1, 2, 3), u_first=4),
    "gru_normed": Layout(9, (2, 0, 1), (0, 1, 2), u_first=3),
    "mingru": Layout(2, (0, 1), ()),
    "minlstm": Layout(3, (0, 1, 2), ()),
    "gru_after": Layout(4, (2, 0, 1), (0, 1, 2), u_first=1, apart=True),  # n, r, z, U h + c of n
    "gru_before": Layout(4, (2, 0, 1), (0, 1), u_first=1, inner=2),  # n, r, z, r ∘ h
}


def padded(size: int) -> int:
    """Return `size` rounded up to a multiple of `PAD`."""
    return -(-size // PAD) * PAD


def digits(gates: tuple[int, ...]) -> int:
    """Return gates as one number for kernels: four bits each, the first one lowest."""
    return sum(gate << 4 * place for place, gate in enumerate(gates))
