"""What all tests share: one thread, so that runs agree with each other and cores are not fought for."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, here and in subprocesses

import pytest
import torch

from sestina.data.read import read
from sestina.errors import DataError

GOOD, BAD = "warm lovely bright fine".split(), "cold dull grey poor".split()


@pytest.fixture(autouse=True)
def threads():
    """What a test leaves behind: torch with as many threads as before."""
    before = torch.get_num_threads()
    yield
    assert torch.get_num_threads() == before


@pytest.fixture(scope="session")
def reviews():
    """Forty short texts and their labels, which every encoder can learn."""
    texts, labels = [], []
    for n in range(40):
        words = GOOD if n % 2 else BAD
        texts.append(f"{words[n // 2 % 4]} film number {n}, {words[n // 8 % 4]} !")
        labels.append("good" if n % 2 else "bad")
    return texts, labels


@pytest.fixture
def put(tmp_path):
    """Write a file of the given name and content; return its path."""

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def refused(path, *facts, **how):
    """Check that a path is refused in one sentence that holds all `facts`; return the sentence."""
    with pytest.raises(DataError) as caught:
        read(path, **how)
    message = str(caught.value)
    assert not [fact for fact in facts if fact not in message], message
    assert "\n" not in message
    return message


@pytest.fixture
def valid_charts(monkeypatch):
    """Charts that are drawn are checked against the schema of Vega-Lite, which drawing spares."""
    from sestina.inspect import charts

    draw = charts.svg

    def checked(chart, theme):
        chart.to_dict()
        return draw(chart, theme)

    monkeypatch.setattr(charts, "svg", checked)
