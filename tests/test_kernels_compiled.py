"""What the kernels stand on: the cache of compiled code, vectors, and memory used again."""

import ctypes
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
import pytest
import torch
from numba.core import event
from scipy.special import expit

from sestina.kernels import compiled, memory, simd, workspace
from sestina.kernels.compiled import Kernel, cache_folder
from sestina.kernels.simd import BYTES, LANES
from sestina.kernels.workspace import ALIGNMENT, Workspace, address, lend
from test_kernels_parallel import elsewhere


def thrice(chunk, place):
    memory.write_integer(place + 8 * chunk, 3 * memory.integer(place + 8 * chunk))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def get_ready(monkeypatch):
    """Get a new kernel ready, check what it computes; return whether it had to be compiled."""

    def get():
        told = []
        monkeypatch.setattr(compiled, "waiting", told.append)
        kernel, numbers = Kernel(thrice), np.arange(4)
        with event.install_recorder("numba:run_pass") as passes:
            place = kernel.address
        ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)(place)(2, address(numbers))
        assert numbers.tolist() == [0, 1, 6, 3]
        assert set(told) == ({"thrice"} if passes.buffer else set())  # no more, no less
        return bool(passes.buffer)

    return get


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_kernel_is_compiled_once_and_then_read_from_disk(cache, get_ready):
    before = numba.config.CACHE_DIR
    assert get_ready()
    kept = files(cache)
    assert kept
    assert all(cache_folder() in path.parents for path in kept)
    assert not get_ready()
    assert files(cache) == kept
    assert numba.config.CACHE_DIR == before  # other users of Numba keep theirs
    shutil.rmtree(cache)
    assert get_ready()


def test_the_folder_is_that_of_the_sources_and_the_machine(cache, tmp_path, monkeypatch):
    folders = [cache_folder()]
    assert cache in folders[0].parents
    source = tmp_path / "kernels"
    shutil.copytree(Path(compiled.__file__).parent, source)
    monkeypatch.setattr(compiled, "__file__", str(source / "compiled.py"))
    assert cache_folder() == folders[0]
    for path in sorted(source.glob("*.py")):
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        folders.append(cache_folder())
    for module, name, value in ((simd, "LANES", 2 * LANES), (numba, "__version__", "0")):
        monkeypatch.setattr(module, name, value)
        folders.append(cache_folder())
    assert len(set(folders)) == len(folders) > 10


def test_a_folder_that_cannot_be_written(cache, get_ready, monkeypatch):
    cache.write_text("a file where the folder should be")
    assert get_ready()
    cache.unlink()
    cache_folder().mkdir(parents=True)
    cache_folder().chmod(0o500)
    if os.access(cache_folder(), os.W_OK):  # root may write everywhere
        monkeypatch.setattr(os, "access", lambda *_: False)
    assert get_ready()
    assert not files(cache)
    cache_folder().chmod(0o700)


def test_a_folder_that_could_be_written_once(cache, get_ready, monkeypatch):
    get_ready()
    kept = files(cache)
    monkeypatch.setattr(os, "access", lambda *_: False)
    get_ready()  # from disk or anew; told which
    assert files(cache) == kept


def test_no_room_on_the_disk(cache, get_ready):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        assert get_ready()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
def test_a_broken_file_does_no_harm(cache, get_ready, kind):
    get_ready()
    for path in cache.rglob(kind):
        path.write_bytes(path.read_bytes()[:50])
    assert get_ready()


def test_two_processes_at_once_and_one_that_follows(cache):
    code = """
import numpy as np
from sestina.kernels import compiled
from sestina.kernels.cells import Weights
from sestina.kernels.streaming import Stream
told = []
compiled.waiting = told.append
ones = np.ones((1, 1), np.float32)
stream = Stream("rnn_tanh", [Weights(ones, ones, ones[0], ones[0])])
print(stream.step(ones[0])[0], *told)
"""
    with ThreadPoolExecutor(2) as pool:
        first = list(pool.map(lambda _: elsewhere(code), range(2)))
    assert "simple_rnn_stream" in {name for _, *told in first for name in told}
    assert elsewhere(code) == [first[0][0]]  # nothing was told
    assert float(first[0][0]) == float(first[1][0]) == pytest.approx(np.tanh(3), rel=1e-6)


def test_what_two_processes_compiled_works_in_a_third(cache):
    """The kernels of all cells hold functions of the same names."""
    code = """
import numpy as np
from sestina.kernels.cells import Weights
from sestina.kernels.recurrent import forward
x = np.ones((1, 3, 1), np.float32)
for cell, rows in {cells}:
    w = np.full((rows, 1), 0.5, np.float32)
    (h, *_), _ = forward(cell, x, Weights(w, w, w[:, 0], w[:, 0]), keep=False)
    print(h[0, 0])
"""
    elsewhere(code.format(cells=[("rnn_relu", 1)]))  # has what the two have in common compiled
    cells = [("gru_simple", 2), ("lstm", 4)]
    with ThreadPoolExecutor(2) as pool:
        alone = [*pool.map(lambda cell: elsewhere(code.format(cells=[cell])), cells)]
    assert elsewhere(code.format(cells=cells)) == alone[0] + alone[1]


@numba.njit
def curve(to, source, count, sigmoid):
    for i in range(0, 4 * count, BYTES):
        x = simd.load(source + i)
        simd.store(to + i, simd.sigmoid(x) if sigmoid else simd.tanh(x))


@numba.njit
def copy_first(to, source, loaded, stored):
    simd.store_first(to, simd.load_first(source, loaded), stored)


def curved(values, *, sigmoid):
    """Return the sigmoid or the hyperbolic tangent of float32 values."""
    padded = np.zeros(-(-len(values) // LANES) * LANES, np.float32)
    padded[: len(values)] = values
    found = np.empty_like(padded)
    curve(address(found), address(padded), len(padded), sigmoid)
    return found[: len(values)]


@pytest.fixture(scope="module")
def numbers():
    """All magnitudes up to 100 in float32 that are not subnormal, and 0, of both signs."""
    small = np.geomspace(2.0**-126, 100, 200_000)
    positive = np.concatenate([[0.0], small, np.linspace(0, 100, 400_001)]).astype(np.float32)
    return np.concatenate([positive, -positive])


def test_tanh(numbers):
    found = curved(numbers, sigmoid=False)
    true = np.tanh(numbers.astype(np.float64))
    assert (abs(found - true) <= 4e-7 * abs(true)).all()
    assert abs(found).max() <= 1
    positive, negative = np.split(found, 2)
    assert (-positive).tobytes() == negative.tobytes()


def test_sigmoid(numbers):
    found = curved(numbers, sigmoid=True)
    true = expit(numbers.astype(np.float64))
    limit = 3e-7 + 8e-8 * np.maximum(-numbers, 0)  # exp(−x) has the error of x · log₂ e, rounded
    inside = numbers > -87
    assert (abs(found - true) <= limit * true)[inside].all()
    assert ((found[~inside] >= 0) & (found[~inside] < 2e-38)).all()
    assert found.max() <= 1


def test_infinity_saturates_and_nan_stays():
    values = np.array([np.inf, -np.inf, 3e38, -3e38, np.nan, -np.nan], np.float32)
    *ends, plus, minus = curved(values, sigmoid=False)
    assert ends == pytest.approx([1, -1] * 2, rel=4e-7)
    assert np.isnan([plus, minus]).all()
    *ends, plus, minus = curved(values, sigmoid=True)
    assert ends == pytest.approx([1, 0] * 2, rel=3e-7, abs=2e-38)
    assert np.isnan([plus, minus]).all()


@pytest.mark.parametrize("count", range(LANES + 1))
def test_parts_of_vectors_touch_nothing_beyond(count):
    numbers = np.arange(1, count + 1)
    source, to = np.full(LANES + 1, np.nan, np.float32), np.full(LANES + 2, 7, np.float32)
    source[1 : 1 + count] = numbers
    copy_first(address(to[1:]), address(source[1:]), count, LANES)
    assert to.tolist() == [7, *numbers, *[0] * (LANES - count), 7]
    to[:] = 7
    copy_first(address(to[1:]), address(source[1:]), LANES, count)
    assert to.tolist() == [7, *numbers, *[7] * (LANES - count + 1)]


@pytest.fixture
def pool(monkeypatch):
    """An empty pool."""
    free = []
    monkeypatch.setattr(workspace, "_free", free)
    return free


def bytes_of(taken, size):
    return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(taken.address))


def test_memory_is_aligned_and_apart(pool):
    sizes = [1, 15, 16, 17, 64, 1000, 33]
    for _ in range(3):  # new memory, then the same again
        taken = [Workspace(size) for size in sizes]
        assert not any(one.address % ALIGNMENT for one in taken)
        for n, (one, size) in enumerate(zip(taken, sizes, strict=True)):
            bytes_of(one, size)[:] = n
        for n, (one, size) in enumerate(zip(taken, sizes, strict=True)):
            assert (bytes_of(one, size) == n).all()


def test_memory_is_used_again_but_never_twice_at_once(pool):
    first = Workspace(20_000)
    place = first.address
    second = Workspace(20_000)
    assert second.address != place
    del first
    third = Workspace(19_600)
    assert third.address == place
    third.release()
    fourth = Workspace(20_000)
    assert fourth.address == place
    del third  # was released: its memory is another's now
    assert Workspace(20_000).address not in (place, second.address)


def test_the_pool_is_bounded_and_gives_no_far_too_large_block(pool, monkeypatch):
    monkeypatch.setattr(workspace, "KEPT", 1_000_000)
    many = [Workspace(80_000) for _ in range(30)]
    del many
    assert 800_000 < sum(block.size for block in pool) <= 1_000_000
    pool.clear()
    large = Workspace(800_000)
    place = large.address
    del large
    assert not abs(Workspace(4).address - place) < ALIGNMENT


def test_threads_do_not_share_memory(pool):
    def work(number):
        for size in np.random.default_rng(number).integers(1, 12_000, 300).tolist():
            taken = [Workspace(size), Workspace(size)]
            for one in taken:
                bytes_of(one, size)[:] = number
            threading.Event().wait(0)  # let others run
            assert all((bytes_of(one, size) == number).all() for one in taken)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))


def test_memory_left_at_the_end_of_a_process():
    code = """
from sestina.kernels.workspace import Workspace, lend
class Knot: pass
kept, knot = lend((3, 4)), Knot()
knot.itself, knot.taken = knot, Workspace(10)
print("done")
"""
    assert elsewhere(code) == ["done"]  # and no error was printed


def test_a_tensor_holds_on_to_lent_memory(pool):
    array = lend((3, 4, 50))
    place = address(array)
    assert (array.shape, place % ALIGNMENT) == ((3, 4, 50), 0)
    tensor = torch.from_numpy(array)
    del array
    part = tensor[1:]
    del tensor
    assert not pool
    del part
    assert [address(block) <= place < address(block) + block.size for block in pool] == [True]


def test_memory_may_come_back_while_some_is_taken():
    code = """
import faulthandler, gc
from sestina.kernels.workspace import Workspace
faulthandler.dump_traceback_later(30, exit=True)
class Knot: pass
gc.set_threshold(1)  # collect all the time
for _ in range(3000):
    knot = Knot()
    knot.itself, knot.taken = knot, Workspace(10)
print("done")
"""
    assert elsewhere(code) == ["done"]
