"""sestina lab list | run | compare | report: the lectures' experiments."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import typer

from sestina import config, store
from sestina.cli import show
from sestina.cli.inputs import Json, Seed, UnusedSeed
from sestina.cli.lab_data import Reading
from sestina.cli.lab_session import Given, Session
from sestina.cli.options import with_options
from sestina.errors import MissingExtra, OptionError
from sestina.lab import experiment as experiments
from sestina.lab import figures, journal, markdown
from sestina.lab.experiment import Experiment
from sestina.lab.tasks import MEASURES

app = typer.Typer(no_args_is_help=True, help="The lectures' experiments, run and compared.")

RESULTS = Path("lab-results")
COMPARED = ("accuracy", "wer", "cer")
Results = Annotated[Path, typer.Option(help="Folder of the records.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="OPTION=VALUE",
        help="Set an option of the experiment otherwise, for instance hidden=64; of several "
        "networks NAME.hidden=64 sets that of one; training_texts, tests and twins say what "
        "data it has. May be given again.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on where Ctrl-C or a crash stopped the same run: what has its record is not run "
        "again, nor are those seeds of others that are done.",
    ),
]


@app.command("list", epilog="Example: sestina lab list")
def list_(json: Json = False, seed: UnusedSeed = 0) -> None:
    """List the experiments: name, row of the lectures, data, the lecture's accuracy."""
    found = [experiments.get(name) for name in experiments.names()]
    if json:
        show.as_json({"experiments": [config.to_dict(one) | _lecture(one) for one in found]})
        return
    show.table(
        "",
        ("name", "row", "deck", "data", "lecture"),
        [
            (
                one.name,
                one.row,
                one.deck,
                one.data or "yours",
                figures.stated(config.to_dict(one.lecture)),
            )
            for one in found
        ],
        left=4,
    )
    show.out.print("\nRun one: sestina lab run NAME; all of them in short: --all --quick")


def _lecture(one: Experiment) -> dict[str, Any]:
    return {"lecture": config.to_dict(one.lecture)}


@app.command(epilog="Example: sestina lab run c2-multi-hot c9-simple-rnn-16 --seeds 3")
@with_options(
    reading=(config.ReadingOptions,),
    sides=(config.PairOptions,),
    series=(config.RecordingOptions,),
)
def run(
    reading: dict[str, Any],
    sides: dict[str, Any],
    series: dict[str, Any],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="From `sestina lab list`, or a TOML file of your own."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Run all experiments.")] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Few texts, one seed, two epochs: to see that it works."),
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(
            help="Run on this: a file, a folder such as aclImdb, Keras' imdb.npz, or a data set. "
            "With --all, only experiments on reviews do."
        ),
    ] = None,
    vectors: Annotated[
        str | None,
        typer.Option(help="Pre-trained vectors, where an experiment has such, instead of its own."),
    ] = None,
    set_: Settings = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Number of seeds; otherwise the experiment's own, 5.")
    ] = None,
    results: Results = RESULTS,
    resume: Resume = False,
    json: Json = False,
    seed: Seed = config.TrainingOptions.seed,
) -> None:
    """Run experiments and print our figures beside the lecture's.

    A run trains the same network once a seed and prints its parameters, which
    are counted at the lecture's sizes, and accuracy and loss on the test part,
    mean ± standard deviation; for what writes or translates perplexity, chrF or
    the share of exact answers. A record of each run is kept in --results.
    """
    if bool(names) == all_:
        raise OptionError("name one experiment or more, or give --all; see: sestina lab list")
    chosen = [experiments.get(name) for name in dict.fromkeys(names or experiments.names())]
    if resume and quick:
        raise OptionError("--quick keeps nothing to go on from; leave out --resume")
    given = Given(vectors, tuple(set_ or ()), seeds, seed, quick)
    session = Session(data, Reading(reading, sides, series), given, all_, results, resume)
    result = session.run(chosen)
    (show.as_json if json else session.show)(result)
    if result["failed"]:
        raise typer.Exit(1)


@app.command(epilog="Example: sestina lab report --out pages")
def report(
    results: Results = RESULTS,
    out: Annotated[
        Path | None, typer.Option(help="Folder for lectures.html and lectures.md; else --results.")
    ] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", help="Write only this Markdown file.")
    ] = None,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Write all records as one HTML and one Markdown page, with learning curves."""
    if out and markdown_file:
        raise OptionError("--out writes both pages, --markdown one; give one of them")
    found = journal.read(results)
    known = [experiments.get(name) for name in experiments.names()]
    folder = out or results
    command = "sestina lab report" + (f" --results {results}" if results != RESULTS else "")
    command += f" --markdown {markdown_file}" if markdown_file else f" --out {out}" if out else ""
    text = markdown_file or folder / "lectures.md"
    store.write_text(text, markdown.page(found, known, command))
    html = None if markdown_file else _html(found, known, folder / "lectures.html")
    result = {
        "task": "lab report",
        "records": len(found),
        "experiments": len({record["experiment"] for record in found}),
        "markdown": str(text),
        "html": None if html is None else str(html),
    }
    if json:
        show.as_json(result)
    else:
        show.facts("", {key: value for key, value in result.items() if key != "task"})


@app.command(
    epilog="Example: sestina lab compare bridgenet-watch-r0-baseline bridgenet-watch-r1-kd"
)
def compare(
    names: Annotated[
        list[str],
        typer.Argument(metavar="FIRST OTHER…", help="Experiments with records on the same data."),
    ],
    figure: Annotated[
        str | None, typer.Option(help=f"What to compare: {', '.join(COMPARED)}.")
    ] = None,
    results: Results = RESULTS,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Tell how many errors fewer others make than the first, with intervals.

    The latest record of each counts, one with --set only where there is no
    other. What seeds got wrong is summed for each recording or utterance, and
    these are drawn anew for the 95 % intervals. Gains are relative to the
    errors of the first, beside the lecture's own, of all and of main speakers.
    """
    from sestina.lab import compare as comparing

    if figure not in (None, *COMPARED):
        raise OptionError(f"--figure {figure} came; expected one of {', '.join(COMPARED)}")
    found = journal.latest(results, names)
    named = figure or figures.of_record(found[0])
    rows = comparing.compared(found, named)
    if json:
        show.as_json({"task": "lab compare", "figure": named, "experiments": rows})
        return
    called = MEASURES[named].short or MEASURES[named].name
    between = "95 % interv."
    start = _shared_start([row["experiment"] for row in rows])
    heads = ("experiment", called, between, "fewer errors", between, "lecture's", "main speaker")
    shown = len(heads) if any(row["lecture"] is not None for row in rows) else len(heads) - 2
    show.table(
        start and f"{start}…", heads[:shown], [_compared(row, start)[:shown] for row in rows]
    )


def _shared_start(names: list[str]) -> str:
    """Return the words that all of several names begin with: a line has no room for them again."""
    words = takewhile(
        lambda same: len(set(same)) == 1, zip(*(name.split("-") for name in names), strict=False)
    )
    return "".join(f"{word}-" for word, *_ in words) if len(set(names)) > 1 else ""


def _compared(row: dict[str, Any], start: str) -> tuple[str, ...]:
    gained = "–" if row["gain"] is None else f"{row['gain']:.1%}"
    between = "–" if row["gain"] is None else "{:+.1%} {:+.1%}".format(*row["gain_interval"])
    stated = (row["lecture"], row["lecture_main"])
    of_lecture = ["–" if one is None else f"{one:.1%}" for one in stated]
    interval = "{:.3f}–{:.3f}".format(*row["interval"])
    name = row["experiment"].removeprefix(start)
    return name, f"{row['figure']:.3f}", interval, gained, between, *of_lecture


def _html(found: list[dict[str, Any]], known: list[Experiment], path: Path) -> Path | None:
    """Write the HTML page and return its path; None where the extra is missing."""
    from sestina.lab import report as pages

    try:
        page = pages.render(found, known)
    except MissingExtra as error:
        show.say(f"no HTML page: {error}")
        return None
    store.write_text(path, page)
    return path
