"""The command `sestina`: its verbs, and how errors leave it."""

from __future__ import annotations

import io
import sys
import traceback
import warnings
from typing import Annotated, Any, TextIO

import typer

from sestina.cli import (
    calibrate,
    data,
    data_distance,
    data_map,
    data_vectorise,
    evaluate,
    find_threshold,
    gradients,
    info,
    lab,
    language,
    predict,
    sentences,
    train,
    train_bridge,
    train_forecast,
    train_generate,
    train_recognise,
    train_series,
    train_tag,
    train_translate,
    vectors,
)
from sestina.cli.show import say
from sestina.errors import DataWarning, MissingExtra, SestinaError
from sestina.kernels import compiled
from sestina.version import __version__

EXTRAS = {
    "torch": "nn",
    "altair": "report",
    "vl_convert": "report",
    "pyroomacoustics": "audio",
    "soundfile": "audio",
    "tokenizers": "subword",
    "sacrebleu": "translate",
    "statsmodels": "series",
}
STOPPED = "stopped by Ctrl-C"
RESUMED = f"{STOPPED}; a training run goes on with --resume if it had finished an epoch"

# typer carries its own copy of click in some versions and not in others
WrongUse: Any = next(k for k in typer.BadParameter.__mro__ if k.__name__ == "ClickException")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Learn from sequences: train, compare, inspect and use recurrent networks on a CPU.",
    epilog="Begin with: sestina train classify movie-snippets --out my-model",
)
data.app.command(epilog="Example: sestina data sentences book.txt --language fr")(
    sentences.sentences
)
app.add_typer(data.app, name="data")
data.app.command(epilog="Example: sestina data vectorise movie-snippets --out reviews.npz")(
    data_vectorise.vectorise
)
data.app.command(epilog="Example: sestina data distance transcripts.tsv --out far --seed 0")(
    data_distance.distance
)
data.app.command("map", epilog="Example: sestina data map salammbo-letters --out letters.html")(
    data_map.map_
)
train.app.command(
    epilog="Example: sestina train tag names.conll --characters cnn --vectors glove-50d --out model"
)(train_tag.tag)
train.app.command(
    epilog="Example: sestina train generate first-names --level character --out names"
)(train_generate.generate)
train.app.command(epilog="Example: sestina train translate verses-en-es --out spanish")(
    train_translate.translate
)
train.app.command(
    epilog="Example: sestina train forecast el-nino --season 12 --horizon 12 --out sea"
)(train_forecast.forecast)
train.app.command(
    epilog="Example: sestina train series watch-har --window 100 --pool max --out watch"
)(train_series.series)
train.app.command(
    epilog="Example: sestina train bridge watch-har --window 64 --recursions 1 --out watch"
)(train_bridge.bridge)
train.app.command(epilog="Example: sestina train recognise far --noisy sdm --out ear")(
    train_recognise.recognise
)
app.add_typer(train.app, name="train")
app.add_typer(vectors.app, name="vectors")
app.add_typer(lab.app, name="lab")
app.command(epilog="Example: sestina evaluate model new-reviews.csv")(evaluate.evaluate)
app.command(epilog="Example: sestina find-threshold model new.csv --measure 'precision>=0.95'")(
    find_threshold.find_threshold
)
app.command(epilog="Example: sestina calibrate model new-reviews.csv")(calibrate.calibrate)
app.command(epilog='Example: sestina predict model "A quiet, wonderful film."')(predict.predict)
app.command(epilog='Example: sestina generate model --prompt "The jury" --n 50')(language.generate)
app.command(epilog='Example: sestina complete model "The jury" -n 5')(language.complete)
app.command(epilog='Example: sestina score model "She will bring flowers."')(language.score)
app.command(epilog="Example: sestina gradients model new-reviews.csv")(gradients.gradients)
app.command(epilog="Example: sestina info model")(info.info)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"sestina {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
) -> None:
    """Options before the verb."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with exit code 0, 1 (failed) or 2 (wrong use).

    Errors are one sentence on standard error; the traceback shows with ``--debug``.
    """
    given = sys.argv[1:] if arguments is None else arguments
    stopped = RESUMED if "train" in given[:2] else STOPPED
    compiled.waiting = _compiling
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a word may have no place in its encoding
            stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", DataWarning)
            warnings.showwarning = _warned
            code = app(given, standalone_mode=False)
    except WrongUse as error:
        error.show()
        sys.exit(2)
    except BrokenPipeError:  # as in `sestina data list | head -1`
        sys.stderr.close()
        sys.exit(1)
    except (Exception, KeyboardInterrupt) as error:
        sentence, code = _explained(error, stopped)
        if sentence is None:
            raise
        if "--debug" in given:
            traceback.print_exc()
        say(f"Error: {sentence}")
    if code == 130:  # what newer versions of typer make of Ctrl-C
        say(f"Error: {stopped}")
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _compiling(name: str) -> None:
    """Say once that kernels are being compiled."""
    say("compiling kernels (first run only)")
    compiled.waiting = compiled.say_nothing


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning as a remark: its sentence, without the line of code that gave it."""
    say(str(message) if issubclass(category, DataWarning) else f"{category.__name__}: {message}")


def _explained(error: BaseException, stopped: str) -> tuple[str | None, int]:
    """Return the sentence and exit code for an error; no sentence for one that is our fault.

    Args:
        error: What came.
        stopped: The sentence for Ctrl-C.
    """
    match error:
        case SestinaError():
            return str(error), error.exit_code
        case KeyboardInterrupt() | typer.Abort():
            return stopped, 1
        case ModuleNotFoundError() if error.name in EXTRAS:
            return str(MissingExtra(error.name, EXTRAS[error.name])), 1
        case MemoryError():
            return "out of memory; lower --vocabulary, --batch-size, --max-tokens, --dimensions", 1
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror or error}", 1
    return None, 1
