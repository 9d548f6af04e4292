"""The kernels' bits: the same in any company, for any number of threads, beside anything else."""

import hashlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sestina.kernels import denormals, parallel, workspace
from sestina.kernels.parallel import set_threads, threads
from sestina.nn import LSTM, SimpleRNN
from test_kernels import assert_same_bits, both_directions, every_cell, flat, problem, problems

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
PATIENCE = 60  # seconds


@pytest.fixture(autouse=True)
def threads_as_before(monkeypatch):
    monkeypatch.setattr(parallel, "LITTLE", 0)  # or the little work of these tests stays on one
    yield
    set_threads(None)


def ragged(cell, batch, **how):
    """Return a problem of several blocks of steps, its rows of all lengths."""
    lengths = [n * 7 % 13 for n in range(batch)]
    return problem(cell, lengths, steps=12, features=9, hidden=20, **how)


def digest(cells=("rnn_tanh", "gru_before", "lstm"), sizes=(33, 70)):
    """Return a sum over all that some forwards and backwards give."""
    total = hashlib.sha256()
    for cell in cells:
        for batch in sizes:
            for array in flat(ragged(cell, batch).run()):
                total.update(array.tobytes())
    return total.hexdigest()


def at_once(calls, workers=4):
    """Return what `digest` gives in several Python threads at the same time."""
    start = threading.Barrier(workers)

    def work(_):
        start.wait(PATIENCE)
        return {digest() for _ in range(calls)}

    with ThreadPoolExecutor(workers) as pool:
        return set().union(*pool.map(work, range(workers)))


def elsewhere(code, **env):
    """Return what `code` prints in another process."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=Path(__file__).parent,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,  # it may have to compile
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr
    return ran.stdout.split()


@every_cell
@pytest.mark.parametrize("batch", [1, 2, 15, 16, 17, 33, 48, 64, 100, 200])
def test_threads_change_no_bit(cell, batch):
    p = ragged(cell, batch, masked="input and hidden", reverse=batch % 2 == 0)
    set_threads(1)
    alone = p.run()
    for count in (2, 3, 8):
        set_threads(count)
        assert_same_bits(p.run(), alone)


def test_threads_change_no_bit_of_a_table():
    p = ragged("gru_after", 70)
    rng = np.random.default_rng(0)
    table = rng.normal(size=(300, 9)).astype(np.float32)
    p = p._replace(x=rng.integers(0, 300, p.x.shape[:2]), options={**p.options, "table": table})
    set_threads(1)
    alone = p.run()
    for count in (2, 3, 8):
        set_threads(count)
        assert_same_bits(p.run(), alone)


@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_eight_threads_and_four_callers_elsewhere(layer):
    code = """
import numba
from test_kernels_parallel import at_once, digest, parallel, set_threads
parallel.LITTLE = 0
set_threads(8)
several = at_once(60)  # the very first launches, too
print(*several, digest(), numba.threading_layer(), numba.get_num_threads())
"""
    *sums, used, count = elsewhere(code, NUMBA_NUM_THREADS="8", NUMBA_THREADING_LAYER=layer)
    set_threads(1)
    assert set(sums) == {digest()}
    assert count == "8"
    assert layer in (used, "default")


def test_callers_at_once_get_the_same_bits():
    set_threads(2)
    assert at_once(5) == {digest()}


def test_beside_torch():
    set_threads(2)
    expected, done, products = digest(), threading.Event(), []
    a = torch.randn(300, 300, generator=torch.Generator().manual_seed(0))

    def multiply():
        while not done.is_set():
            products.append((a @ a).numpy().tobytes())

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    other = threading.Thread(target=multiply)
    try:
        other.start()
        found = {digest() for _ in range(20)}
    finally:
        done.set()
        other.join(PATIENCE)
        torch.set_num_threads(before)
    assert found == {expected}
    assert len(set(products)) == 1


@pytest.mark.parametrize("first", ["import torch", ""])
def test_torch_keeps_its_number_of_threads(first):
    code = f"""
{first}
from sestina import Word2Vec
Word2Vec(epochs=1, min_count=1, dimensions=4, threads=3).fit([["a", "b"]] * 50_000)
import numba, torch
print(numba.threading_layer(), torch.get_num_threads())
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split()[1] == "1"


def in_a_fork():
    """Return what `digest` gives in a forked child; empty if it gives nothing in time."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writer, f"{threads()} {digest()}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    try:
        ready, _, _ = select.select([reader], [], [], PATIENCE)
        return os.read(reader, 999).decode().split() if ready else []
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@forks
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_runs_on_one_thread():
    set_threads(2)
    expected = digest()  # so that threads have started here
    assert in_a_fork() == ["1", expected]
    assert threads() == 2
    assert digest() == expected


@forks
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_while_another_thread_takes_memory():
    taken = threading.Event()

    def take():
        with workspace._lock:
            taken.set()
            threading.Event().wait(0.5)

    other = threading.Thread(target=take)
    other.start()
    taken.wait(PATIENCE)
    found = in_a_fork()
    other.join(PATIENCE)
    assert found[1:] == [digest()]


class Digests(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, _):
        return digest()


@forks
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
def test_in_the_workers_of_a_data_loader():
    set_threads(2)
    expected = digest()
    loader = torch.utils.data.DataLoader(
        Digests(), num_workers=2, timeout=PATIENCE, multiprocessing_context="fork"
    )
    assert [one for batch in loader for one in batch] == [expected] * 4


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2", "two", float("nan"), [2]], ids=repr)
def test_no_number_of_threads(count):
    set_threads(3)
    with pytest.raises(ValueError, match=r"^set_threads got .*; expected [^\n]*$") as caught:
        set_threads(count)
    assert repr(count) in str(caught.value)
    assert threads() == 3


def test_threads_not_set_are_those_of_the_environment(monkeypatch):
    set_threads(None)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads() == 3
    set_threads(np.int64(2))
    assert threads() == 2


def test_vectors_of_eight_equal_the_reference():
    code = """
from test_kernels import assert_true, near_a_kink
from test_kernels_parallel import ragged
from sestina.kernels.simd import LANES
for cell in ("rnn_tanh", "gru_before", "lstm"):
    for batch in (1, 7, 9, 33):
        assert_true(ragged(cell, batch, masked="input and hidden"))
        assert_true(ragged(cell, batch)._replace())
print(LANES)
"""
    assert elsewhere(code, SESTINA_LANES="8") == ["8"]


@every_cell
@settings(max_examples=15, deadline=None)
@given(
    data=st.data(),
    padding=st.integers(0, 3),
    filler=st.sampled_from([np.nan, np.inf, -3e38, 1.0]),
)
def test_padding_changes_no_bit(cell, data, padding, filler):
    p = data.draw(problems(cell).filter(lambda p: p.options["lengths"] is not None))
    outputs, final, gradients = p.run()

    def padded(array, value):
        if array is None:
            return None
        rest = np.full((len(array), padding, array.shape[2]), value, np.float32)
        full = np.concatenate([array, rest], axis=1)
        full[np.arange(full.shape[1]) >= p.options["lengths"][:, None]] = value
        return full

    wide = p._replace(x=padded(p.x, filler), d_outputs=padded(p.d_outputs, filler))
    expected = [padded(outputs, 0), final, gradients._replace(input=padded(gradients.input, 0))]
    assert_same_bits(wide.run(), expected)


@every_cell
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_rows_alone_and_in_another_order_have_the_same_bits(cell, data):
    p = data.draw(problems(cell))
    outputs, final, _ = p.run()
    batch = len(p.x)
    order = data.draw(st.permutations(range(batch)))
    parts = [np.array(order), *([n] for n in range(batch)), np.arange(batch)[::2]]
    for part in parts:
        made, last, *_ = p.rows(part).run(keep=False)
        assert_same_bits([made, last], [outputs[part], tuple(h[part] for h in final)])


@every_cell
@both_directions
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["x", "state", "d_outputs", "d_final"])
def test_nan_and_infinity_stay_in_their_row(cell, reverse, value, where):
    p = problem(cell, [9, 12, 0, 12, 5], reverse=reverse)
    outputs, final, gradients = p.run()
    spoilt = getattr(p, where)
    (spoilt[-1] if isinstance(spoilt, tuple) else spoilt)[1, ..., 2] = value
    made, last, d = p.run()
    before = [outputs, final, gradients.input, gradients.state]
    for one, other in zip(flat((made, last, d.input, d.state)), flat(before), strict=True):
        assert_same_bits([np.delete(one, 1, axis=0)], [np.delete(other, 1, axis=0)])
    if np.isnan(value) and (where[0] != "d" or cell != "rnn_relu"):  # whose slope of 0 stops it
        true = flat([*p.true()[:3]])
        for one, other in zip(flat((made, last, d)), true, strict=True):
            np.testing.assert_array_equal(np.isnan(one), np.isnan(other))


@pytest.mark.skipif(not denormals.X86, reason="other processors take no longer for denormals")
@pytest.mark.parametrize("count", [1, 2])
def test_denormals_are_zero_in_kernels_and_nowhere_else(count):
    set_threads(count)
    layer = SimpleRNN(3, 4, nonlinearity="relu")
    with torch.no_grad():
        for weight in layer.parameters():
            weight.fill_(0.5)
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
    tiny = torch.full((5, 70, 3), 1e-40)
    states = layer(tiny)[0]
    assert not states.any()
    assert layer(torch.full((5, 70, 3), 1e-30))[0].all()
    assert np.float32(1e-40) * np.float32(0.5) > 0 and bool((tiny * 0.5).any())


@pytest.mark.skipif(not denormals.X86, reason="other processors take no longer for denormals")
def test_gradients_that_vanish_take_no_longer():
    layer = LSTM(8, 32, batch_first=True)
    x = torch.randn(16, 300, 8)

    def seconds(part):
        begun = time.perf_counter()
        layer(x)[0][:, part].sum().backward()
        return time.perf_counter() - begun

    every, last = (min(seconds(part) for _ in range(9)) for part in (slice(None), -1))
    assert last < 3 * every  # ten times as long with denormals
