"""sestina calibrate: the temperature by which probabilities mean what they say."""

from __future__ import annotations

from typing import Any

from sestina import config
from sestina.cli import judging, show
from sestina.cli.inputs import Json, ModelArgument, UnusedSeed
from sestina.cli.options import with_options
from sestina.errors import counted

DIGITS = 3  # of a calibration error that is shown
NO_BETTER = (
    "the calibration error rose: the temperature makes the labels of these texts as likely as "
    "can be, which is another goal; --undo takes it off"
)


@with_options(reading=(config.ReadingOptions,))
def calibrate(
    model: ModelArgument,
    reading: dict[str, Any],
    path: judging.HeldOutPath = None,
    part: judging.HeldOutPart = None,
    undo: judging.Undo = False,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Fit the temperature of a model's probabilities, and keep it in the model folder.

    Of a hundred answers given with 80 %, eighty should be right. The texts must
    be others than those trained on. Labels stay as they were put before.
    """
    data = judging.needs_path(path, undo, part is not None)
    if undo:
        done = judging.undone(
            model, "calibration", "temperature", lambda net: net.undo_temperature()
        )
        show.undone("calibrate", done, "temperature", json)
        return
    net, found = judging.on_held_out(model, data, reading, part, "fitting the temperature on")
    before = net.decision_state()
    fit = net.fit_temperature(found.texts, found.labels).calibration_
    result = {
        "task": "calibrate",
        "model": model,
        "data": data,
        "texts": fit.rows,
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
        _show(result)


def _show(result: dict[str, Any]) -> None:
    had = result["temperature_before"]
    before, after = result["calibration_error_before"], result["calibration_error"]
    texts, judged = counted(result["texts"], "text"), counted(result["judged"], "decision")
    what = texts if result["judged"] == result["texts"] else f"{judged} on {texts}"
    show.facts(
        f"{result['model']}: temperature fitted on {result['data']}",
        {
            "temperature": f"{result['temperature']:.3f}"
            + ("" if had == 1.0 else f", before {had:.3f}"),
            "calibration error": f"{after:.{DIGITS}f}, before {before:.{DIGITS}f}",
            "measured on": f"the same {what}, in {result['bins']} bins of like confidence",
        },
    )
