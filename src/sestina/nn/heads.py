"""Heads: one vector per sequence → dense ReLU layers → logits; and what logits mean."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from sestina.nn import initialise, losses


@dataclass(frozen=True)
class Target:
    """What is predicted: one of K `classes`, or any number of them with `multi_label`."""

    classes: int
    multi_label: bool = False

    @property
    def logits(self) -> int:
        """Numbers that the head puts out: one for two classes, else K."""
        return 1 if self.classes == 2 and not self.multi_label else self.classes

    @property
    def loss(self) -> losses.Loss:
        """The loss that fits."""
        if self.multi_label:
            return losses.multi_label
        return losses.binary if self.logits == 1 else losses.categorical

    def probabilities(self, logits: Tensor) -> Tensor:
        """Turn logits (B, logits) into probabilities (B, K)."""
        if self.multi_label:
            return logits.double().sigmoid()
        if self.logits == 1:
            upper = logits.double().sigmoid()
            return nn.functional.pad(1.0 - upper, (0, 1)) + nn.functional.pad(upper, (1, 0))
        return logits.double().softmax(dim=1)


class Head(nn.Module):
    """Dropout, dense ReLU layers, and the output layer (sigmoid or softmax live in `Target`)."""

    def __init__(self, features: int, dense: tuple[int, ...], outputs: int, dropout: float) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for units in dense:
            parts += [nn.Dropout(dropout), nn.Linear(features, units), nn.ReLU()]
            features = units
        parts += [nn.Dropout(dropout), nn.Linear(features, outputs)]
        self.layers = nn.Sequential(*parts)
        for layer in parts:
            if isinstance(layer, nn.Linear):
                initialise.dense(layer)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (B, F) → logits (B, outputs)."""
        logits: Tensor = self.layers(x)
        return logits

    def row_by_row(self, x: Tensor) -> Tensor:
        """Map x (B, F) → logits (B, outputs), each row with the same bits in any company.

        A library's product adds up in an order that depends on the number of rows and on where
        they lie in memory; here each sum has an order of its own. Dropout is not applied.
        """
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                x = (x[:, None] * layer.weight).sum(dim=2) + layer.bias
            elif not isinstance(layer, nn.Dropout):
                x = layer(x)
        return x
