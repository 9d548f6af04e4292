"""PATH of a command → records: a file, a folder, or the name of a shipped data set."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import typer

from sestina.cli.show import say
from sestina.data import datasets
from sestina.data.columns import Columns
from sestina.data.parallel import Pairs
from sestina.data.read import read
from sestina.data.recordings import Recordings
from sestina.data.records import Records
from sestina.data.split import learnt, unknown_labels
from sestina.data.tagged import TaggedSentences
from sestina.data.timeline import Timeline
from sestina.errors import DataError, OptionError, nearest

PathArgument = Annotated[
    str, typer.Argument(metavar="PATH", help="File, folder, or name of a shipped data set.")
]
ModelArgument = Annotated[str, typer.Argument(metavar="DIR", help="Model folder.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that are already there.")
]
VectorsArgument = Annotated[
    str, typer.Argument(metavar="VECTORS", help="File of word vectors, or glove-50d.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Seed = Annotated[int, typer.Option(help="Seed of every random number.")]
ModelFolder = Annotated[Path, typer.Option(help="Folder for the model.")]
DevFile = Annotated[str | None, typer.Option(help="File for early stopping; else drawn from PATH.")]
TestFile = Annotated[str | None, typer.Option(help="File to test on; else drawn from PATH.")]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on from the checkpoint in --out; needs the same data, options and "
        "number of threads (OMP_NUM_THREADS).",
    ),
]
Anew = Annotated[bool, typer.Option("--overwrite", help="Replace the model in --out.")]
Beam = Annotated[
    int,
    typer.Option(
        min=0,
        help="Of a translator, a recogniser, or a model trained with --given: beginnings that it "
        "follows up side by side; 0: as many as it usually does.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        help="Of a recogniser, where several devices listened: which one; else as in training."
    ),
]
Kind = TypeVar("Kind", Records, TaggedSentences, Pairs, Recordings)
Read = TypeVar("Read", Records, TaggedSentences, Pairs, Recordings, Timeline)
UnusedSeed = Annotated[
    int, typer.Option("--seed", help="Taken by every verb; this one draws nothing.", hidden=True)
]

CHUNK = 1_000  # lines of standard input that are answered together, at most
BLOCK = 1 << 18  # bytes of it that are read at once, at most
NAMED = (
    *("text", "label", "split", "label_separator", "source", "target", "id", "time", "channels"),
    *("group", "word_column", "tag_column"),
)
"""Options that name columns."""

HINTS = {
    "BridgeClassifier": "which reads series of numbers; ask it with sestina predict --file or "
    "evaluate",
    "BridgeRecognizer": "which hears speech; ask it with sestina predict or evaluate",
    "LanguageModel": "which puts no labels; ask it with sestina generate, complete, score or "
    "evaluate",
    "SequenceFromVector": "which writes texts from values; ask it with sestina generate "
    "--given, predict or evaluate",
    "SequenceTagger": "which tags words; ask it with sestina predict or evaluate",
    "SeriesClassifier": "which reads series of numbers; ask it with sestina predict --file or "
    "evaluate",
    "SeriesForecaster": "which foretells series; ask it with sestina predict --file or evaluate",
    "TextClassifier": "which writes nothing; ask it with sestina predict or evaluate",
    "Translator": "which translates; ask it with sestina predict or evaluate",
}
"""What another kind of model is asked with."""


def records(path: str, reading: dict[str, Any], need_label: bool = True) -> Records:
    """Return the records at a path or of a shipped data set; what was guessed or skipped is said.

    Args:
        path: What the user gave.
        reading: Values of `sestina.config.ReadingOptions`.
        need_label: Whether to refuse data without labels.

    Raises:
        DataError: There is no such path or data set, or it cannot be read.
    """
    columns = Columns(*(reading[name] for name in ("text", "label", "split")))
    how = {k: v for k, v in reading.items() if k not in ("text", "label", "split")}
    read_file = partial(read, columns=columns, need_label=need_label, **how)
    return found_at(path, datasets.records, read_file, reading)


def found_at(
    path: str,
    shipped: Callable[[str], Read],
    read_file: Callable[[str], Read],
    columns: Mapping[str, Any] | None = None,
) -> Read:
    """Return the data at a path or of a shipped data set; what was guessed or skipped is said.

    Args:
        path: What the user gave. A file of a data set's name goes before that.
        shipped: Name of a data set → its data.
        read_file: Path of a file or folder → its data.
        columns: Options on which a file's columns hang, where a data set has its own.

    Raises:
        DataError: There is no such path or data set, or it cannot be read.
    """
    if path in datasets.names() and not Path(path).exists():
        found = shipped(path)
        _say_unheeded(path, columns or {})
    elif Path(path).exists() or Path(path).suffix or "/" in path:
        found = read_file(path)
    else:
        hint = nearest(path, datasets.names())
        raise DataError(f"there is no file, folder or data set {path!r}{hint}")
    for note in found.notes:
        say(f"{Path(path).name}: {note}")
    return found


def _say_unheeded(path: str, columns: Mapping[str, Any]) -> None:
    """Say which options a shipped data set, which knows its columns, does not heed."""
    given = [f"--{name.replace('_', '-')}" for name in NAMED if columns.get(name) is not None]
    if given:
        say(f"{path} is shipped and knows its columns; without effect: {', '.join(given)}")


def part_of(found: Kind, wish: str | None, default: str, doing: str) -> Kind:
    """Return the part asked for, or the default one where the data name it, or else all records.

    Args:
        found: What was read.
        wish: The part asked for, or None.
        default: The part to take where none was asked for.
        doing: What is done with it, for the remark.

    Raises:
        DataError: The data have no such part.
    """
    if wish is None and (found.parts is None or default not in found.parts):
        return found
    name = wish or default
    chosen = found.part(name)
    if not len(chosen):
        raise DataError(
            f"{found.source} has no part {name!r}, only "
            f"{', '.join(sorted(set(found.parts or ()))) or 'one whole'}; drop --part, or change it"
        )
    say(f"{doing} the part {name!r}")
    return chosen


def suited(found: Records, net: Any) -> Records:
    """Return labelled records as a model takes them.

    For one of several labels, each text has a list of those that it knows; what is left out is
    said. For one of a single label, nothing changes.
    """
    if not net._labels.multi_label or net._labels.indicator:
        return found
    found, known = found.with_lists(), set(net.classes_.tolist())
    if strange := unknown_labels([found], known):
        say(f"left out {strange} that the model does not know")
    return learnt(found, known)


def say_cuts(net: Any, texts: Sequence[str]) -> None:
    """Say how many texts are longer than what a text classifier reads of them."""
    from sestina.text.encode import encode

    if note := encode(texts, net.vocabulary_, net).cut_note(net):
        say(note)


def estimator_of(folder: str) -> str:
    """Return the name of the estimator in a model folder.

    Raises:
        ModelError: There is no such folder, or it is foreign, damaged or newer than this version.
    """
    from sestina.store import load_config

    return str(load_config(folder).get("estimator"))


OF_SPEECH = ("BridgeRecognizer",)
SEARCHING = (*OF_SPEECH, "Translator")


def refuse_unused(
    model: str, given: Mapping[str, Any], searching: tuple[str, ...] = SEARCHING
) -> None:
    """Raise where a user gave an option that the model in a folder would not heed.

    Args:
        model: The folder.
        given: Values of ``words``, ``device`` and ``beam``.
        searching: Estimators that heed a beam.

    Raises:
        ModelError: There is no such folder, or it is foreign, damaged or newer than this version.
        OptionError: It would not heed one of them.
    """
    kind = estimator_of(model)
    for name, kinds in (("words", OF_SPEECH), ("device", OF_SPEECH), ("beam", searching)):
        if given[name] and kind not in kinds:
            raise OptionError(
                f"--{name} is for a {' or '.join(kinds)}, and {model!r} holds a {kind}; leave it "
                "out"
            )


def model_of(folder: str, kind: str) -> Any:
    """Return the model in a folder.

    Args:
        folder: Of the model.
        kind: The class that it should be of, as ``"TextClassifier"``.

    Raises:
        ModelError: The folder holds no model that can be read.
        DataError: It is another kind of model.
    """
    from sestina.estimators.loading import load

    found, net = estimator_of(folder), load(folder)
    if found != kind:
        hint = HINTS.get(found, "which reads no texts; use it from Python")
        raise DataError(f"{folder!r} holds a {found}, {hint}")
    return net


def given_texts(
    texts: list[str] | None,
    file: str | None,
    reading: dict[str, Any],
    read_file: Callable[[str, dict[str, Any]], Records] | None = None,
) -> Iterator[list[str]]:
    """Yield texts from the arguments, a file, or standard input, in chunks.

    Args:
        texts: The arguments.
        file: The file.
        reading: Values of `sestina.config.ReadingOptions`.
        read_file: Reads the file, where `records` does not.

    Raises:
        OptionError: There are both arguments and a file.
    """
    if texts and file:
        raise OptionError("give texts or --file, not both")
    if texts:
        yield texts
    elif file:
        found = read_file(file, reading) if read_file else records(file, reading, need_label=False)
        yield found.texts
    else:
        if sys.stdin.isatty():
            say("reading texts from standard input, one a line; end with Ctrl-D")
        yield from _lines()


def _lines() -> Iterator[list[str]]:
    """Yield the lines of standard input, those together that have arrived together."""
    begun: list[str] = []  # of a line whose end is still to come
    for text in _arrived():
        first, *others = text.split("\n")
        begun.append(first)
        if others:
            lines = ["".join(begun), *others[:-1]]
            begun = [others[-1]]
            for start in range(0, len(lines), CHUNK):
                yield lines[start : start + CHUNK]
    if last := "".join(begun):
        yield [last]


def _arrived() -> Iterator[str]:
    """Yield what comes on standard input, as soon as it comes."""
    if not hasattr(sys.stdin, "buffer"):  # another program's stand-in, which holds text
        yield sys.stdin.read()
        return
    decode = codecs.getincrementaldecoder("utf-8-sig")()  # some locales would let broken bytes by
    decoder = io.IncrementalNewlineDecoder(decode, translate=True)
    stdin = cast("io.BufferedReader", sys.stdin.buffer)
    try:
        while block := stdin.read1(BLOCK):
            yield decoder.decode(block)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DataError(
            f"standard input is not UTF-8 ({error.reason}); convert it first"
        ) from error
