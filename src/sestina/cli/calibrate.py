"""sestina calibrate: the temperature by which probabilities mean what they say."""

from __future__ import annotations

from typing import Any

from sestina import config
from sestina.cli import judging, show
from sestina.cli.inputs import Json, ModelArgument, UnusedSeed
from sestina.cli.model_data import HeldOut, data_of
from sestina.cli.options import with_options
from sestina.errors import counted

DIGITS = 3  # of a calibration error that is shown
NO_BETTER = (
    "the calibration error rose: the temperature makes the labels of these data as likely as "
    "can be, which is another goal; --undo takes it off"
)


@with_options(reading=(config.ReadingOptions,), series=(config.RecordingOptions,))
def calibrate(
    model: ModelArgument,
    reading: dict[str, Any],
    series: dict[str, Any],
    path: judging.HeldOutPath = None,
    part: judging.HeldOutPart = None,
    undo: judging.Undo = False,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Fit the temperature of a model's probabilities, and keep it in the model folder.

    Of a hundred answers given with 80 %, eighty should be right. The data must
    be others than those trained on. Labels stay as they were put before.
    """
    data = judging.needs_path(path, undo, part is not None)
    if undo:
        done = judging.undone(
            model, "calibration", "temperature", lambda net: net.undo_temperature()
        )
        show.undone("calibrate", done, "temperature", json)
        return
    judging.refuse_others(model)
    found = data_of(HeldOut(model, data, reading, part, "fitting the temperature on", series))
    net, before = found.net, found.net.decision_state()
    fit = net.fit_temperature(found.X, found.y).calibration_
    result = {
        "task": "calibrate",
        "model": model,
        "data": data,
        f"{found.unit}s": fit.rows,
        "judged": fit.decisions,
        "bins": fit.bins,
        "temperature": fit.temperature,
        "temperature_before": fit.temperature_before,
        "calibration_error": fit.error,
        "calibration_error_before": fit.error_before,
    }
    judging.keep(model, net, before, "calibration", result)
    if round(fit.error, DIGITS) > round(fit.error_before, DIGITS):  # a rise that is seen
        show.say(NO_BETTER)
    if json:
        show.as_json(result)
    else:
        _show(result, found.unit)


def _show(result: dict[str, Any], unit: str) -> None:
    had = result["temperature_before"]
    before, after = result["calibration_error_before"], result["calibration_error"]
    rows, judged = counted(result[f"{unit}s"], unit), counted(result["judged"], "decision")
    what = rows if result["judged"] == result[f"{unit}s"] else f"{judged} on {rows}"
    show.facts(
        f"{result['model']}: temperature fitted on {result['data']}",
        {
            "temperature": f"{result['temperature']:.3f}"
            + ("" if had == 1.0 else f", before {had:.3f}"),
            "calibration error": f"{after:.{DIGITS}f}, before {before:.{DIGITS}f}",
            "measured on": f"the same {what}, in {result['bins']} bins of like confidence",
        },
    )
