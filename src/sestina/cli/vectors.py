"""sestina vectors …: its verbs, in the order in which one needs them."""

from __future__ import annotations

import typer

from sestina.cli import vectors_ask as ask
from sestina.cli import (
    vectors_convert,
    vectors_evaluate,
    vectors_infer,
    vectors_map,
    vectors_train,
)

app = typer.Typer(no_args_is_help=True, help="Word vectors: train, ask, evaluate, draw, convert.")

app.command(epilog="Example: sestina vectors train corpus.txt --method cbow --out my.safetensors")(
    vectors_train.train
)
app.command(epilog='Example: sestina vectors infer documents.safetensors "a dull, long film"')(
    vectors_infer.infer
)
app.command(epilog="Example: sestina vectors neighbours glove-50d frog car")(ask.neighbours)
app.command(epilog="Example: sestina vectors similarity glove-50d cat dog")(ask.similarity)
app.command(epilog="Example: sestina vectors analogy glove-50d man king woman")(ask.analogy)
app.command(epilog="Example: sestina vectors odd-one-out glove-50d breakfast lunch car")(
    ask.odd_one_out
)
app.command(
    epilog="Example: sestina vectors direction glove-50d man:woman he:she --along nurse,engineer"
)(ask.direction)
app.command(epilog="Example: sestina vectors complete my.safetensors once upon a")(ask.complete)
app.command(epilog="Example: sestina vectors evaluate glove-50d")(vectors_evaluate.evaluate)
app.command("map", epilog="Example: sestina vectors map glove-50d --pairs capitals --out map.html")(
    vectors_map.map_
)
app.command(epilog="Example: sestina vectors convert glove-50d glove.safetensors")(
    vectors_convert.convert
)
