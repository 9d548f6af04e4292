"""What estimators and transformers that read texts tell scikit-learn of themselves."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, TransformerMixin


def of_texts(tags: Any) -> Any:
    """Return scikit-learn's tags of an estimator whose inputs are lists of strings, so marked."""
    tags.input_tags.string = True
    tags.input_tags.one_d_array = True
    tags.input_tags.two_d_array = False
    return tags


class TextTransformer(TransformerMixin, BaseEstimator):
    """Base of what turns a list of texts into something else."""

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that inputs are lists of strings, and that outputs are numbers."""
        tags = of_texts(super().__sklearn_tags__())
        tags.transformer_tags.preserves_dtype = []
        return tags
