"""Draws docs/forecast/el-nino.svg: the forecasts of `sestina lab run e7-forecast`, seed 0.

python docs/forecast/draw.py
"""

from __future__ import annotations

from pathlib import Path

import vl_convert

from sestina.data import datasets
from sestina.data.timeline import TimelineColumns
from sestina.inspect import charts
from sestina.inspect.forecast_ladder import backtest
from sestina.inspect.forecast_report import drawing
from sestina.lab import experiment

PICTURE = Path(__file__).parent / "el-nino.svg"


def main() -> None:
    """Backtest once, and draw."""
    (net,) = experiment.get("e7-forecast").build(seed=0).values()
    data = datasets.timeline("el-nino", TimelineColumns(calendar=True))
    chart = drawing(net, backtest(net, data.values, data.past()), data)
    look = charts.style(charts.THEMES["light"]) | {"background": "#ffffff"}
    picture = vl_convert.vegalite_to_svg(chart.to_dict(), config=look)
    PICTURE.write_text(picture + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
