"""Pages of gradients: whole, alone, escaped, whatever the norms are."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from sestina.inspect import gradient_charts, gradient_page
from sestina.inspect.gradients import reaches
from sestina.nn import LSTM, SimpleRNN
from test_sequence_reports import check

pytestmark = pytest.mark.usefixtures("valid_charts")
HISTORY = [
    {"epoch": n, "loss": 1 / n, "gradient_norm": 0.5 / n, "gradient_peak": 2.0, "clipped": 0.25}
    for n in range(1, 5)
]


@pytest.fixture(scope="module")
def found():
    torch.manual_seed(1)
    layer, x = LSTM(2, 5, num_layers=2, bidirectional=True, batch_first=True), torch.randn(4, 30, 2)
    return measured(layer, x)


def measured(layer, x):
    def loss():
        return layer(x)[0].sum()

    return reaches(layer, loss)


def test_a_page_is_whole(found):
    html = gradient_page.render("m <more>", "d <b>cat", found, HISTORY, ["it is <ill>"])
    words = check(html)
    for said in ("In short", "it is <ill>", "layer 2, backwards", "Back in time", "eigenvalues"):
        assert said in words
    assert html.count("<figure") == 3 + 2 * len(found) + 1
    assert "25%" in words and "Nothing wrong" not in words


def test_a_section_says_what_is_wrong(found):
    assert gradient_page.section([], HISTORY) == ""
    assert "Nothing wrong was found." in gradient_page.section(found, HISTORY)
    told = gradient_page.section(found, [*HISTORY[:1], {**HISTORY[0], "gradient_jump": 500.0,
                                         "gradient_jump_step": 8, "clipped": 0.0}])  # fmt: skip
    assert "jumped 500 times at step 8" in told


@pytest.mark.parametrize("rate", [0.0, 1e-3, 1.0, 40.0])
def test_curves_of_any_size_are_drawn(rate):
    layer = SimpleRNN(1, 3, batch_first=True, activation="relu")
    with torch.no_grad():
        for weight in layer.parameters():
            weight.fill_(0.5)
        layer.weight_hh_l0.copy_(rate * torch.eye(3))
    x = torch.ones(2, 400, 1)
    (reach,) = measured(layer, x)
    html = gradient_page.section([reach], [])
    assert html.count("<figure") == 4 and "NaN" not in re.sub("<text.*?</text>", "", html)


def test_curves_are_thinned_and_keep_their_ends():
    some = gradient_charts._some(1000)
    assert some[0] == 0 and some[-1] == 999 and len(some) == gradient_charts.POINTS
    assert gradient_charts._some(3) == [0, 1, 2] and gradient_charts._some(0) == []


def test_a_layer_of_one_step_is_drawn(found):
    short = replace(found[0], loss=np.ones(1), jacobian=np.ones(1), steps=np.zeros(0), length=1)
    assert "no steps" in gradient_page.section([short], [])
