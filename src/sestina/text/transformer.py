"""What all transformers of texts tell scikit-learn of themselves."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, TransformerMixin


class TextTransformer(TransformerMixin, BaseEstimator):
    """Base of what turns a list of texts into something else."""

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that inputs are lists of strings, and that outputs are numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags
