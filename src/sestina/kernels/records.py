"""Records of int64 fields, by which kernels get their arguments: one address, one signature."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic


def record(fields: tuple[str, ...]) -> tuple[np.dtype[Any], Any]:
    """Return the type of a record, and a compiled function that reads the one at an address."""
    layout = np.dtype([(name, np.int64) for name in fields])

    @intrinsic
    def arguments(typing: Any, address: Any) -> Any:
        kind = numba.from_dtype(layout)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(kind))

        return kind(types.int64), build

    return layout, arguments
