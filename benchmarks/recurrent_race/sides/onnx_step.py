"""ONNX Runtime: one step of an LSTM as a graph, its state going in and out."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from .. import inputs
from ..work import Array, NotThere, Prepared, Work, sample

VERSIONS = {"ONNX": onnx.__version__, "ONNX Runtime": onnxruntime.__version__}
STEPS = 2000


def use_threads(threads: int) -> None:
    """Do nothing: a session gets its threads when it is made."""


def prepare(work: Work) -> Prepared:
    if work.task != "step":
        raise NotThere("not part of this comparison")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = work.threads
    graph = _graph(work).SerializeToString()
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    x = inputs.sequences(work)
    zeros = np.zeros((1, 1, work.hidden), np.float32)

    def run(steps: int = STEPS) -> Array:
        h = c = zeros
        for _ in range(steps):
            h, c = session.run(None, {"x": x, "h": h, "c": c})
        return h

    return Prepared(run, {"result": sample(run(1))}, STEPS)


def _graph(work: Work) -> onnx.ModelProto:
    arrays = inputs.weights(work)
    w, u, b, c = (
        _reordered(arrays[f"{name}_l0"])
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    constants = {"W": w[None], "R": u[None], "B": np.concatenate([b, c])[None]}
    node = helper.make_node(
        "LSTM", ["x", "W", "R", "B", "", "h", "c"], ["", "h1", "c1"], hidden_size=work.hidden
    )
    shapes = {"x": work.features, "h": work.hidden, "c": work.hidden}

    def value(name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, shapes[name[0]]])

    graph = helper.make_graph(
        [node],
        "step",
        [value("x"), value("h"), value("c")],
        [value("h1"), value("c1")],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _reordered(rows: Array) -> Array:
    """Turn PyTorch's order of gates, i f g o, into ONNX', i o f c."""
    i, f, g, o = np.split(rows, 4)
    return np.concatenate([i, o, f, g])
