"""The recurrent kernels: against the reference in float64, and against themselves to the bit."""

import time
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sestina.kernels import recurrent, reference, workspace
from sestina.kernels.cells import BLIND, GATES, STATES, Weights
from sestina.kernels.streaming import Stream
from sestina.nn import GRU, LSTM, SimpleRNN

# Against float64, relative to an array's largest magnitude, or to 1. A value is a sum of at most a
# thousand products, each rounded to 2⁻²⁴, whose errors mostly cancel (√1000 · 2⁻²⁴ = 2e-6); sigmoid
# and tanh add 4e-7 each, and weights are such that steps pass errors on without raising them.
TOLERANCE = 1e-5

every_cell = pytest.mark.parametrize("cell", GATES)
both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["onward", "reverse"])
layouts = st.sampled_from(["plain", "time first", "slice", "backwards"])


class Problem(NamedTuple):
    """All that goes into a forward run, and gradients to send back; all float32."""

    cell: str
    x: np.ndarray
    weights: Weights
    state: tuple | None
    options: dict
    d_outputs: np.ndarray | None
    d_final: tuple | None

    def __repr__(self):
        return f"{self.cell} {self.x.shape} to {self.weights.hidden.shape[1]}: {self.options}"

    def rows(self, index):
        """Return the same problem for some of the rows."""
        names = ("x", "state", "options", "d_outputs", "d_final")
        cut = mapped(lambda array: array[index], tuple(getattr(self, name) for name in names))
        return self._replace(**dict(zip(names, cut, strict=True)))

    def run(self, *, keep=True, outputs=True, layout="plain", need_input=True):
        """Return outputs, final states and, with `keep`, gradients."""
        kept = mapped(np.copy, tuple(self))
        around, made, made_d_x = [], None, None
        if outputs:
            made = laid((*self.x.shape[:2], self.weights.hidden.shape[1]), layout, around)
        x = laid(self.x, layout) if self.x.dtype == np.float32 else self.x
        final, tape = recurrent.forward(
            self.cell, x, self.weights, self.state, outputs=made, keep=keep, **self.options
        )
        found = [np.copy(made) if outputs else None, final]
        if keep:
            d_outputs = None if self.d_outputs is None else laid(self.d_outputs, layout)
            how = {"need_input": need_input}
            if need_input and layout != "plain" and self.x.dtype == np.float32:
                made_d_x = how["d_input"] = laid(self.x.shape, layout, around)
            d = recurrent.backward(tape, d_outputs, self.d_final, **how)
            found.append(d._replace(input=np.copy(d.input)))
        assert_same_bits(kept, self)  # nothing given is written
        for array, memory in zip(flat((made, made_d_x)), around, strict=True):
            array[...] = np.nan
            assert np.isnan(memory).all()  # nothing around what is asked for is
        return found

    def true(self):
        """Return what the reference finds in float64, and its tape."""
        cell, *parts = mapped(
            lambda a: a.astype(float) if a.dtype == np.float32 else a, tuple(self)
        )
        x, weights, state, options, d_outputs, d_final = parts
        outputs, final, tape = reference.forward(cell, x, Weights(*weights), state, **options)
        if d_final is not None:  # the reference knows all or none
            d_final = tuple(np.zeros_like(final[0]) if d is None else d for d in d_final)
        return outputs, final, reference.backward(tape, d_outputs, d_final), tape


def mapped(change, value):
    """Change the arrays in nested tuples, lists and dicts."""
    if isinstance(value, dict):
        return {name: mapped(change, part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return tuple(mapped(change, part) for part in value)
    return change(value) if isinstance(value, np.ndarray) else value


def flat(value):
    """Return the arrays in nested tuples, lists and dicts."""
    found = []
    mapped(found.append, value)
    return found


def laid(array, layout, seen=None):
    """Return a copy of (B, T, N), or NaN of that shape, with other strides and NaN around it."""
    batch, steps, size = array if isinstance(array, tuple) else array.shape
    wide = {"time first": (steps, batch, size), "slice": (batch, steps + 1, 2 * size + 1)}
    around = view = np.full(wide.get(layout, (batch, steps, size)), np.nan, np.float32)
    if layout == "time first":
        view = around.transpose(1, 0, 2)
    elif layout == "slice":
        view = around[:, :steps, size : 2 * size]
    elif layout == "backwards":
        view = around[::-1, ::-1]
    view[...] = np.nan if isinstance(array, tuple) else array
    if seen is not None:
        seen.append(around)
    return view


def problem(cell, lengths, *, batch=None, steps=None, features=5, hidden=7, **how):
    """Draw a problem; `how`: seed, reverse, masked, state, d_outputs, d_final."""
    rng = np.random.default_rng(how.get("seed", 0))
    batch = len(lengths) if batch is None else batch
    steps = max(lengths, default=0) if steps is None else steps

    def normal(*shape, scale=1.0):
        return (scale * rng.normal(size=shape)).astype(np.float32)

    def mask(width):  # scaled, and some of it zero
        return rng.choice([0, 1.25, 2], (batch, width)).astype(np.float32)

    rows = GATES[cell] * hidden
    w = normal(rows, features, scale=1 / max(features, 1) ** 0.5)
    below = 0 if cell in BLIND else rows
    u = (rng.uniform(-0.5, 0.5, (below, hidden)) / hidden**0.5).astype(np.float32)
    weights = Weights(w, u, normal(rows), normal(rows))
    lengths = None if lengths is None else np.array(lengths, np.int64)
    options = {"lengths": lengths, "reverse": how.get("reverse", False)} | {
        "input_mask": mask(features) if "input" in how.get("masked", "") else None,
        "hidden_mask": mask(hidden) if "hidden" in how.get("masked", "") else None,
    }
    state, d_final = (tuple(normal(batch, hidden) for _ in range(STATES[cell])) for _ in range(2))
    d_outputs = normal(batch, steps, hidden) if how.get("d_outputs", True) else None
    given = how.get("d_final", (True, True))
    d_final = given and tuple(d if g else None for d, g in zip(d_final, given, strict=False))
    state, x = state if how.get("state", True) else None, normal(batch, steps, features)
    return Problem(cell, x, weights, state, options, d_outputs, d_final)


def assert_same_bits(ours, theirs):
    ours, theirs = flat(ours), flat(theirs)
    assert [a.shape for a in ours] == [a.shape for a in theirs]
    assert [a.tobytes() for a in ours] == [a.tobytes() for a in theirs]


def assert_close(ours, theirs):
    ours, theirs = flat(ours), flat(theirs)
    assert [a.shape for a in ours] == [a.shape for a in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.dtype == np.float32
        limit = TOLERANCE * max(1, abs(other).max(initial=0))
        np.testing.assert_allclose(one, other, rtol=0, atol=limit)


def near_a_kink(p):
    """Tell whether a ReLU's sum is so near 0 that rounding decides about its gradient."""
    if p.cell != "rnn_relu":
        return False
    w, u, b, c = (array.astype(np.float64) for array in p.weights)
    sums = (step.input @ w.T + step.hidden @ u.T + b + c for step in p.true()[-1].steps)
    return any(abs(s).min() < 3e-6 for s in sums)


def assert_true(p, **how):
    """Check a run, which may leave out outputs or the input's gradient, against the reference."""
    made, final, gradients = p.run(**how)
    outputs, true_final, true_gradients, _ = p.true()
    if not how.get("outputs", True):
        outputs = None
    if not how.get("need_input", True):
        true_gradients = true_gradients._replace(input=np.empty((0, 0, 0)))
    assert_close([made, final, gradients], [outputs, true_final, true_gradients])
    assert_same_bits(p.run(keep=False, **how), [made, final])


@st.composite
def problems(draw, cell, masks=("", "input", "hidden", "input and hidden")):
    size = st.integers(1, 40)
    batch, steps = draw(size), draw(st.integers(1, 20))
    kind = draw(st.sampled_from(["none", "zero", "any", "any", "short"]))
    most = {"zero": 0, "short": 1}.get(kind, steps)
    lengths = draw(st.lists(st.integers(0, most), min_size=batch, max_size=batch))
    return problem(
        cell,
        None if kind == "none" else lengths,
        batch=batch,
        steps=steps,
        features=draw(size),
        hidden=draw(size),
        seed=draw(st.integers(0, 99)),
        masked=draw(st.sampled_from(masks)),
        d_final=draw(st.sampled_from([None, (True, True), (True, False), (False, True)])),
        **{name: draw(st.booleans()) for name in ("reverse", "state", "d_outputs")},
    )


@every_cell
@settings(max_examples=100, deadline=None)
@given(data=st.data(), layout=layouts, wanted=st.tuples(*[st.booleans()] * 2))
def test_equals_the_reference(cell, data, layout, wanted):
    p = data.draw(problems(cell))
    assume(not near_a_kink(p))
    assert_true(p, layout=layout, outputs=wanted[0], need_input=wanted[1])


@every_cell
@both_directions
@pytest.mark.parametrize("batch", [1, 16, 17, 33])
@pytest.mark.parametrize("size", [(1, 1), (15, 17), (16, 16), (17, 15), (33, 40)])
def test_equals_the_reference_about_multiples_of_16(cell, reverse, batch, size):
    lengths = [n * 7 % 10 for n in range(batch)]  # more steps than a block of weights' gradients
    how = {"masked": "input and hidden", "features": size[0], "hidden": size[1]}
    drawn = (problem(cell, lengths, steps=10, reverse=reverse, seed=n, **how) for n in range(9))
    assert_true(next(p for p in drawn if not near_a_kink(p)))


@every_cell
@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (3, 4, 0)], ids=str)
def test_batches_steps_and_features_may_be_none(cell, shape):
    batch, steps, features = shape
    for lengths in (None, [min(n, steps) for n in range(batch)]):
        assert_true(problem(cell, lengths, batch=batch, steps=steps, features=features))


def test_a_tape_is_used_once():
    p = problem("lstm", [3, 2])
    _, tape = recurrent.forward(p.cell, p.x, p.weights)
    recurrent.backward(tape)
    with pytest.raises(RuntimeError, match="this tape was used"):
        recurrent.backward(tape)


@every_cell
@settings(max_examples=40, deadline=None)
@given(data=st.data(), count=st.integers(1, 150), turned=st.booleans(), need_input=st.booleans())
def test_a_table_equals_the_plain_way(cell, data, count, turned, need_input):
    p = data.draw(problems(cell, masks=("", "hidden")))
    batch, steps, features = p.x.shape
    rng, used = np.random.default_rng(count), -(-count // 2)
    table = rng.normal(size=(count, features)).astype(np.float32)
    numbers = rng.integers(0, used, (batch, steps))
    p = p._replace(x=table[numbers])
    assume(not near_a_kink(p))
    outputs, final, true, _ = p.true()
    d_table = np.zeros(table.shape if need_input else (0, 0))
    if need_input:
        np.add.at(d_table, numbers, true.input)
    if p.options["lengths"] is not None:
        numbers[np.arange(steps) >= p.options["lengths"][:, None]] = -(10**12)  # is not looked at
    numbers = np.asfortranarray(numbers) if turned else numbers
    folded = p._replace(x=numbers, options={**p.options, "table": table})
    found = folded.run(need_input=need_input)
    assert_close(found, [outputs, final, true._replace(input=d_table)])
    assert not found[2].input[used:].any()  # rows that no x names
    assert_same_bits(folded.run(keep=False), found[:2])


@every_cell
@settings(max_examples=25, deadline=None)
@given(
    layers=st.integers(1, 3), sizes=st.tuples(*[st.integers(1, 40)] * 2), seed=st.integers(0, 99)
)
def test_a_stream_equals_the_whole_sequence(cell, layers, sizes, seed):
    ps = [
        problem(cell, None, batch=1, steps=6, features=size, hidden=sizes[1], seed=seed + n)
        for n, size in enumerate((sizes[0], *[sizes[1]] * (layers - 1)))
    ]
    x, outputs, finals = ps[0].x[0], ps[0].x, []
    for p in ps:
        outputs, final = p._replace(x=outputs).true()[:2]
        finals.append(final)
    stream = Stream(cell, [p.weights for p in ps])
    first = stream.step(x[0])
    for array in flat([p.weights for p in ps]):
        array[...] = np.nan  # the stream has copies
    start = [np.concatenate(parts) for parts in zip(*(p.state for p in ps), strict=True)]
    stream.state = start
    assert_same_bits(stream.state, start)
    ours = [stream.step(step) for step in x[:3]]
    kept = stream.state
    ours += [stream.step(step) for step in x[3:]]
    assert_close([np.array(ours)], [outputs[0]])
    assert_close(stream.state, [np.concatenate(parts) for parts in zip(*finals, strict=True)])
    stream.state = kept
    assert_same_bits([stream.step(step) for step in x[3:]], ours[3:])
    stream.state = None
    assert_same_bits([stream.step(x[0])], [first])


def test_a_step_of_another_shape_is_refused():
    stream = Stream("lstm", [problem("lstm", [1], features=3).weights])
    stream.step(np.ones(3))
    before = stream.state
    for x in (np.ones(2), np.ones(4), np.ones((1, 3)), np.float32(1)):
        with pytest.raises(ValueError, match=r"got x of shape \(.*\); expected \(3,\)"):
            stream.step(x)
    assert_same_bits(stream.state, before)


@pytest.mark.parametrize("kind", [SimpleRNN, GRU, LSTM])
def test_what_memory_held_before_makes_nothing_slow(kind, monkeypatch):
    """Rows of a tile that no sequence fills are no denormals, which cost fifty times the time."""
    take, pattern = workspace._take, []

    def dirty(size):
        block = take(size)
        block[: block.size // 4 * 4].view(np.uint32)[:] = pattern[0]
        return block

    monkeypatch.setattr(workspace, "_take", dirty)
    layer, x = kind(8, 64, batch_first=True), torch.randn(1, 60, 8)

    def best(number):
        pattern[:] = [number]
        seconds = []
        for _ in range(7):
            started = time.perf_counter()
            layer(x)[0].sum().backward()
            seconds.append(time.perf_counter() - started)
        return min(seconds)

    best(0)  # compiles
    assert best(291) < 6 * best(0)
