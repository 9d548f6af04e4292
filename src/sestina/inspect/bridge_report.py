"""What the report of a student of noisy series tells: its ladder, its bridges, the twins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sestina.data.recordings import Recordings
from sestina.errors import counted
from sestina.estimators.bridge import BridgeClassifier
from sestina.estimators.taught import Student
from sestina.inspect import charts, page
from sestina.inspect.evaluate import Ladder
from sestina.inspect.forecast_charts import beside_truth
from sestina.inspect.report import render_ladder
from sestina.inspect.sections import Told
from sestina.inspect.series_report import facts_of
from sestina.nn.bridge import BRIDGES

Parts = tuple[Recordings, ...]
SHOWN = 400  # steps of a recording that are drawn
NAMES = {
    "kd": "Cross-entropy to the teacher's answers",
    "dr": "Bridge between the reduced features",
    "lstm3": "Bridge between the LSTM layers that follow",
}


def bridge_name(net: Student) -> str:
    """Return a short name of what a student is, such as ``recursive network, R1, KD+DR``."""
    kind = "recursive network" if net.blocks == "recursive" else "feed-forward network"
    said = [kind]
    if net.recursions:
        said.append(f"R{net.recursions}")
    taught = [name.upper() for name in BRIDGES if getattr(net, name)]
    said.append("+".join(taught) if taught else "denoising" if net.denoise else "no teacher")
    return ", ".join(said)


def render_bridge(
    ladder: Ladder,
    main: str,
    net: BridgeClassifier,
    parts: tuple[Parts, Parts],
    told: tuple[str, str, Sequence[str], Sequence[str]],
) -> str:
    """Return the report as an HTML page.

    Args:
        ladder: The models' showings on the noisy test part.
        main: Name of the student in it.
        net: The student.
        parts: Train, dev and test, clean and noisy.
        told: Name of the data, how the parts came about, verdicts, notes.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    from sestina.inspect.gradient_page import reaches_of

    clean, noisy = parts
    facts: Told = facts_of(net, main, clean, told)
    reaches = reaches_of(net, noisy[2].rows, noisy[2].labels)
    last = ("bridges", "Clean and noisy", bridge_curves(net) + _twins(net, clean[2], noisy[2]))
    return render_ladder(ladder, main, facts, reaches, last)


def bridge_curves(net: Student) -> str:
    """Return how the bridges' errors went over the epochs, as HTML; empty without a teacher."""
    figures = []
    for name in BRIDGES:
        values = [row[f"validation_{name}_error"] for row in net.history_
                  if f"validation_{name}_error" in row]  # fmt: skip
        if not values:
            continue
        said = f"{NAMES[name]}, from {values[0]:.3f} to {values[-1]:.3f}."
        chart = charts.learned(net.history_, net.best_epoch_, f"{name}_error")
        weight = f"Its weight in the loss is {getattr(net, name):g}."
        figures.append(page.figure(NAMES[name], chart, said, f"On the validation part. {weight}"))
    return "".join(page.pair(*figures[n : n + 2]) for n in range(0, len(figures), 2))


def _twins(net: BridgeClassifier, clean: Recordings, noisy: Recordings) -> str:
    """Return a test recording's first channel, clean, noisy, and denoised if that was learnt."""
    one, other = clean.rows[0][:SHOWN, 0], noisy.rows[0][:SHOWN, 0]
    lines = {"noisy": list(enumerate(other.tolist()))}
    if net.denoise:
        found = net.denoised(noisy.rows[:1])[0][:SHOWN, 0]
        lines["denoised"] = list(enumerate(found.tolist()))
    chart = beside_truth(list(enumerate(one.tolist())), lines)
    channel = clean.channels[0] if clean.channels else "channel 1"
    error = float(np.sqrt(np.square(one - other).mean()))
    said = (
        f"The first {counted(len(one), 'step')} of {clean.called[0]}, {channel}: the clean twin, "
        f"called truth, and the noisy one, {error:.3g} apart (root mean square)."
    )
    return page.figure("A test recording and its twin", chart, said, page.text(said))
