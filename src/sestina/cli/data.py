"""sestina data list | show | check: the data sets that ship with Sestina."""

from __future__ import annotations

from typing import Annotated

import typer

from sestina.cli import data_check, show
from sestina.cli.inputs import Json, UnusedSeed
from sestina.data import datasets
from sestina.data.describe import describe

app = typer.Typer(
    no_args_is_help=True, help="Data sets that ship with Sestina, and checks of yours."
)


@app.command("list", epilog="Example: sestina data list")
def list_(json: Json = False, seed: UnusedSeed = 0) -> None:
    """List the shipped data sets: name, task, rows, classes, size, licence."""
    sets = [datasets.get(name) for name in datasets.names()]
    if json:
        show.as_json(
            {
                "datasets": [
                    {
                        "name": s.name,
                        "task": s.task,
                        "rows": s.rows,
                        "classes": s.classes,
                        "bytes": s.bytes,
                        "licence": s.licence,
                        "source": s.source,
                        "sha256": s.sha256,
                    }
                    for s in sets
                ]
            }
        )
        return
    show.table(
        "",
        ("name", "task", "rows", "classes", "kB"),
        [(s.name, s.task, s.rows, s.classes or "", s.bytes // 1000) for s in sets],
        left=2,
    )
    show.out.print("\nMore about one, its licence and source: sestina data show NAME")


@app.command("show", epilog="Example: sestina data show movie-snippets")
def show_(
    name: Annotated[str, typer.Argument(help="Name from `sestina data list`.")],
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Show a data set: where it is from, counts, lengths, three examples."""
    found = describe(name)
    if json:
        show.as_json(found)
        return
    examples = found.pop("examples", [])
    lengths = found.pop("lengths", {})
    show.facts(name, found)
    if lengths:
        columns = list(next(iter(lengths.values())))
        rows = [(unit, *(row[c] for c in columns)) for unit, row in lengths.items()]
        show.out.print()
        show.table("lengths", ("", *columns), rows)
    show.out.print()
    for number, example in enumerate(examples, 1):
        show.out.print(f"example {number}: {example}", markup=False)


app.command("check", epilog="Example: sestina data check reviews.csv")(data_check.check)
