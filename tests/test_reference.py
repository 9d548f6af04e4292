"""The reference of the recurrent kernels: against differences, PyTorch, tiny formulas and itself."""

from math import exp, tanh
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sestina.kernels.cells import BLIND, GATES, STATES, Weights
from sestina.kernels.reference import backward, forward

D, H = 2, 3
MODULES = {
    "rnn_tanh": (torch.nn.RNN, {"nonlinearity": "tanh"}),
    "rnn_relu": (torch.nn.RNN, {"nonlinearity": "relu"}),
    "gru_after": (torch.nn.GRU, {}),
    "lstm": (torch.nn.LSTM, {}),
}
every_cell = pytest.mark.parametrize("cell", GATES)
both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["onward", "reverse"])


class Problem(NamedTuple):
    """All that goes into a forward run, and gradients to send back."""

    cell: str
    x: np.ndarray
    weights: Weights
    state: tuple
    options: dict
    d_outputs: np.ndarray
    d_final: tuple

    def run(self):
        """Return outputs, final state and gradients."""
        outputs, final, tape = forward(self.cell, self.x, self.weights, self.state, **self.options)
        return outputs, final, backward(tape, self.d_outputs, self.d_final)

    def row(self, n):
        """Return the same problem for one row alone."""

        def cut(value):
            if isinstance(value, tuple):
                return tuple(map(cut, value))
            return value[n : n + 1] if isinstance(value, np.ndarray) else value

        x, state, d_outputs, d_final = map(cut, (self.x, self.state, *self[5:]))
        options = {name: cut(value) for name, value in self.options.items()}
        return Problem(self.cell, x, self.weights, state, options, d_outputs, d_final)


def problem(cell, lengths, *, steps=None, seed=0, masked=False, reverse=False, dtype=np.float64):
    rng = np.random.default_rng(seed)
    batch, steps = len(lengths), max(lengths, default=0) if steps is None else steps

    def normal(*shape):
        return rng.normal(size=shape).astype(dtype)

    def mask(width):  # scaled, and some of it zero
        return rng.choice([0, 1.25, 2], (batch, width)).astype(dtype) if masked else None

    rows = GATES[cell] * H
    below = 0 if cell in BLIND else rows
    weights = Weights(normal(rows, D), normal(below, H), normal(rows), normal(rows))
    options = {"lengths": np.array(lengths, int), "reverse": reverse}
    options |= {"input_mask": mask(D), "hidden_mask": mask(H)}
    state, d_final = (tuple(normal(batch, H) for _ in range(STATES[cell])) for _ in range(2))
    d_outputs = normal(batch, steps, H)
    return Problem(cell, normal(batch, steps, D), weights, state, options, d_outputs, d_final)


def arrays(*nested):
    """Return the arrays in nested tuples, flat."""
    flat = ([part] if isinstance(part, np.ndarray) else arrays(*part) for part in nested)
    return [array for part in flat for array in part]


def joined(how, tuples):
    """Join the first parts of all tuples, then the second parts, and so on."""
    return [how(parts) for parts in zip(*tuples, strict=True)]


def assert_close(ours, theirs):
    ours, theirs = arrays(*ours), arrays(*theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def assert_same_bits(ours, theirs):
    ours, theirs = arrays(*ours), arrays(*theirs)
    assert [a.shape for a in ours] == [a.shape for a in theirs]
    assert [a.tobytes() for a in ours] == [a.tobytes() for a in theirs]


@every_cell
@both_directions
@pytest.mark.parametrize("masked", [False, True], ids=["plain", "masked"])
@pytest.mark.parametrize("loss", ["outputs", "final", "both"])
def test_gradients_are_central_differences(cell, reverse, masked, loss):
    p = problem(cell, [3, 0, 1, 2], steps=4, masked=masked, reverse=reverse)
    sent = [None if loss == "final" else p.d_outputs, None if loss == "outputs" else p.d_final]

    def value():
        outputs, final, _ = forward(cell, p.x, p.weights, p.state, **p.options)
        of_outputs = 0 if loss == "final" else np.vdot(outputs, p.d_outputs)
        return of_outputs + (0 if loss == "outputs" else sum(map(np.vdot, final, p.d_final)))

    gradients = backward(forward(cell, p.x, p.weights, p.state, **p.options)[2], *sent)
    step = 1e-5
    for array, gradient in zip(arrays(p.x, p.weights, p.state), arrays(*gradients), strict=True):
        assert gradient.any() or not gradient.size
        for n in np.ndindex(array.shape):
            kept = array[n]
            array[n] = kept + step
            above = value()
            array[n] = kept - step
            below = value()
            array[n] = kept
            assert gradient[n] == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-7)


def torch_layer(cell, ps):
    """Return PyTorch's layer with the weights of one problem for each direction."""
    kind, options = MODULES[cell]
    layer = kind(D, H, batch_first=True, bidirectional=len(ps) == 2, **options).double()
    with torch.no_grad():
        ours = [array for p in ps for array in p.weights]
        for parameter, array in zip(layer.parameters(), ours, strict=True):
            parameter.copy_(torch.from_numpy(array))
    return layer


def torch_run(layer, ps, lengths, packed):
    """Return PyTorch's outputs, final state, and gradients of x, weights and state."""
    x = torch.from_numpy(ps[0].x).requires_grad_()
    first = [torch.tensor(a, requires_grad=True) for a in joined(np.stack, (p.state for p in ps))]
    into = pack_padded_sequence(x, torch.tensor(lengths), True, False) if packed else x
    outputs, final = layer(into, tuple(first) if len(first) == 2 else first[0])
    if packed:
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
    final = final if isinstance(final, tuple) else (final,)
    d_outputs = np.concatenate([p.d_outputs for p in ps], axis=2)
    sent = [d_outputs, *joined(np.stack, (p.d_final for p in ps))]
    pairs = zip((outputs, *final), map(torch.from_numpy, sent), strict=True)
    loss = sum((one * other).sum() for one, other in pairs)
    gradients = torch.autograd.grad(loss, [x, *layer.parameters(), *first])
    return [tensor.detach().numpy() for tensor in (outputs, *final, *gradients)]


@pytest.mark.parametrize("cell", MODULES)
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("lengths", [[4, 4, 4], [2, 5, 1, 4]], ids=["full", "packed"])
def test_equals_torch(cell, directions, lengths):
    packed = len(set(lengths)) > 1
    steps = max(lengths) + packed  # a column of mere padding, too
    ps = [problem(cell, lengths, steps=steps, seed=n, reverse=n == 1) for n in range(directions)]
    ps = [p._replace(x=ps[0].x) for p in ps]
    theirs = torch_run(torch_layer(cell, ps), ps, lengths, packed)
    for p in ps:
        p.options["lengths"] = p.options["lengths"] if packed else None
    outputs, final, gradients = zip(*(p.run() for p in ps), strict=True)
    d_x, d_weights, d_state = zip(*gradients, strict=True)
    outputs, final = np.concatenate(outputs, axis=2), joined(np.stack, final)
    assert_close([outputs, final, sum(d_x), d_weights, joined(np.stack, d_state)], theirs)


def logistic(a):
    return 1 / (1 + exp(-a))


def gru_by_hand(cell, w, u, b, c, x, h):
    """One step of one unit that reads one feature."""
    if cell == "gru_simple":
        z, n = logistic(w[0] * x + b[0] + u[0] * h + c[0]), tanh(w[1] * x + b[1] + u[1] * h + c[1])
        return z * h + (1 - z) * n
    r = logistic(w[0] * x + b[0] + u[0] * h + c[0])
    z = logistic(w[1] * x + b[1] + u[1] * h + c[1])
    inner = u[2] * r * h + c[2] if cell == "gru_before" else r * (u[2] * h + c[2])
    return z * h + (1 - z) * tanh(w[2] * x + b[2] + inner)


@pytest.mark.parametrize("cell", ["gru_before", "gru_after", "gru_simple"])
def test_one_unit_equals_its_formula(cell):
    w, u, b, c = np.random.default_rng(3).normal(size=(4, GATES[cell]))
    xs, h = [0.5, -2.0, 1.5, 3.0], -0.75
    weights = Weights(w[:, None], u[:, None], b, c)
    outputs, _, _ = forward(cell, np.array(xs).reshape(1, 4, 1), weights, (np.array([[h]]),))
    for x, output in zip(xs, outputs.ravel(), strict=True):
        h = gru_by_hand(cell, w, u, b, c, x, h)
        assert output == pytest.approx(h, rel=1e-13)


@every_cell
@both_directions
def test_masks_scale_inputs_and_columns_of_u(cell, reverse):
    p = problem(cell, [4, 2, 3], masked=True, reverse=reverse)
    outputs, final, _ = p.run()
    for n in range(3):
        row, ours = p.row(n), [outputs[n], *(part[n] for part in final)]
        unmasked = row.options | {"input_mask": None, "hidden_mask": None}
        scaled = p.weights._replace(hidden=p.weights.hidden * row.options["hidden_mask"])
        x = row.x * row.options["input_mask"][:, None]
        theirs = row._replace(x=x, weights=scaled, options=unmasked).run()
        assert_close(ours, [theirs[0][0], *(part[0] for part in theirs[1])])
        assert not np.allclose(row._replace(options=unmasked).run()[0], outputs[n])


@settings(max_examples=60, deadline=None)
@given(
    cell=st.sampled_from(list(GATES)),
    lengths=st.lists(st.integers(0, 5), max_size=4),
    padding=st.integers(1, 9),
    filler=st.sampled_from([np.nan, np.inf, -1e300, 1.0]),
    masked=st.booleans(),
    reverse=st.booleans(),
    seed=st.integers(0, 9),
)
def test_padding_changes_no_bit(cell, lengths, padding, filler, masked, reverse, seed):
    p = problem(cell, lengths, seed=seed, masked=masked, reverse=reverse)
    outputs, final, gradients = p.run()

    def padded(array, value):
        rest = np.full((len(lengths), padding, array.shape[2]), value)
        full = np.concatenate([array, rest], axis=1)
        full[np.arange(full.shape[1]) >= p.options["lengths"][:, None]] = value
        return full

    wide = p._replace(x=padded(p.x, filler), d_outputs=padded(p.d_outputs, filler))
    expected = [padded(outputs, 0), final, gradients._replace(input=padded(gradients.input, 0))]
    assert_same_bits(wide.run(), expected)


@settings(max_examples=30, deadline=None)
@given(
    cell=st.sampled_from(list(GATES)),
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=5),
    masked=st.booleans(),
    reverse=st.booleans(),
)
def test_alone_and_in_company_agree_to_rounding(cell, lengths, masked, reverse):
    p = problem(cell, lengths, masked=masked, reverse=reverse)
    outputs, final, gradients = p.run()
    runs = [p.row(n).run() for n in range(len(lengths))]
    each_outputs, each_final, each_gradients = zip(*runs, strict=True)
    each_x, each_weights, each_state = zip(*each_gradients, strict=True)
    assert_close([outputs, gradients.input], [np.concatenate(each_outputs), np.concatenate(each_x)])
    assert_close(final, joined(np.concatenate, each_final))
    assert_close(gradients.weights, joined(sum, each_weights))
    assert_close(gradients.state, joined(np.concatenate, each_state))


@every_cell
@both_directions
def test_nan_in_a_step_stays_in_its_row(cell, reverse):
    p = problem(cell, [5, 4, 0, 5], reverse=reverse)
    outputs, final, gradients = p.run()
    p.x[1, 2, 0] = np.nan
    spoilt, last, d = p.run()
    after = np.s_[1, :3] if reverse else np.s_[1, 2:4]  # the steps read from there on
    assert np.isnan(spoilt[after]).all() and all(np.isnan(part[1]).all() for part in last)
    spoilt[after] = outputs[after]
    assert_same_bits([spoilt], [outputs])
    for one, other in zip((*last, d.input), (*final, gradients.input), strict=True):
        assert_same_bits([np.delete(one, 1, axis=0)], [np.delete(other, 1, axis=0)])


@every_cell
def test_empty_rows_keep_their_state_and_pass_its_gradient(cell):
    p = problem(cell, [0, 0], steps=3)
    outputs, final, gradients = p.run()
    assert_same_bits([final, gradients.state], [p.state, p.d_final])
    assert not any(array.any() for array in arrays(outputs, gradients.input, gradients.weights))
    assert not any(np.shares_memory(one, other) for one, other in zip(final, p.state, strict=True))


@every_cell
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_float_type_is_kept_and_nothing_given_is_written(cell, dtype):
    p = problem(cell, [3, 0, 2], masked=True, dtype=dtype)
    copy = problem(cell, [3, 0, 2], masked=True, dtype=dtype)
    assert {array.dtype for array in arrays(*p.run())} == {np.dtype(dtype)}
    plain = forward(cell, p.x, p.weights)
    assert {array.dtype for array in arrays(*plain[:2], *backward(plain[2]))} == {np.dtype(dtype)}
    for one, other in zip(arrays(p.x, *p[2:4]), arrays(copy.x, *copy[2:4]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("cell", [cell for cell in GATES if cell not in ("rnn_relu", *BLIND)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_huge_inputs_saturate_without_a_warning(cell, sign):
    p = problem(cell, [3, 2])
    huge = p._replace(x=sign * np.full_like(p.x, 1e200))
    outputs, final, gradients = huge.run()
    assert all(np.isfinite(array).all() for array in arrays(outputs, final, gradients))
    assert outputs.any()
