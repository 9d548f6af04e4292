"""sestina vectors train: word vectors, or a model of documents, from a corpus."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from sestina import config, store
from sestina.cli import show
from sestina.cli.inputs import Json, Seed
from sestina.cli.options import with_any_of
from sestina.errors import OptionError, SestinaError, counted, nearest

METHODS: dict[str, tuple[str, dict[str, str]]] = {
    "skipgram": ("sestina.vectors.word2vec:Word2Vec", {"method": "skipgram"}),
    "cbow": ("sestina.vectors.word2vec:Word2Vec", {"method": "cbow"}),
    "one-word": ("sestina.vectors.word2vec:Word2Vec", {"method": "one-word"}),
    "fasttext": ("sestina.vectors.fasttext:FastText", {"method": "skipgram"}),
    "fasttext-cbow": ("sestina.vectors.fasttext:FastText", {"method": "cbow"}),
    "glove": ("sestina.vectors.counted:GloVe", {}),
    "pmi": ("sestina.vectors.counted:PMI", {}),
    "doc2vec": ("sestina.vectors.documents:Doc2Vec", {"method": "dbow"}),
    "doc2vec-dm": ("sestina.vectors.documents:Doc2Vec", {"method": "dm"}),
}
"""What --method takes: the class that learns, and its options."""

KINDS: dict[str, tuple[type, ...]] = {
    "word2vec": (config.CorpusOptions, config.Word2VecOptions),
    "fasttext": (config.CorpusOptions, config.FastTextOptions),
    "glove": (config.CorpusOptions, config.GloVeOptions),
    "pmi": (config.CorpusOptions, config.PMIOptions),
    "doc2vec": (config.CorpusOptions, config.Doc2VecOptions),
}
"""What the help calls the classes, and their options."""

IDLE: tuple[tuple[tuple[str, ...], str, tuple[Any, ...]], ...] = (
    (("negative", "noise"), "output", ("hierarchical", "softmax")),
    (("threads",), "output", ("softmax",)),
    (("window",), "method", ("one-word", "dbow")),
    (("min_n", "buckets"), "max_n", (0,)),
)
"""Options that do nothing where another one has some value."""

READING = ("tokens", "lowercase")  # of text, not of DNA


@with_any_of("options", KINDS)
def train(
    corpus: Annotated[
        list[Path],
        typer.Argument(
            metavar="CORPUS",
            help="Text files, one sentence (or document) a line; .gz, .xz, .zst are opened.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="File for the vectors: .safetensors, .bin, .vec or .txt.")
    ],
    options: dict[str, Any],
    method: Annotated[
        str, typer.Option(help="How to learn: " + ", ".join(METHODS) + ".")
    ] = "skipgram",
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from where Ctrl-C or a crash stopped it, with the same corpus and options.",
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file in --out.")
    ] = False,
    json: Json = False,
    seed: Seed = config.VectorOptions.seed,
) -> None:
    """Learn word vectors from a corpus.

    skipgram, cbow and one-word are word2vec; a method that ends in -cbow or -dm
    predicts words from the mean of their context. What doc2vec writes is the
    whole model, for `sestina vectors infer`; the others write word vectors.
    """
    learner = _learner(method, options, seed)
    # threads that spin while they wait make a busy machine several times slower
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    checkpoint = _checkpoint(learner, method, out, resume)
    _claim(out, corpus, method, checkpoint, resume, overwrite)
    for note in _idle(learner, method, options):
        show.say(note)
    try:
        learner.fit(corpus, checkpoint=checkpoint, resume=resume)
    except KeyboardInterrupt:
        show.say(f"Error: stopped by Ctrl-C; {_left(learner, checkpoint, out)}")
        raise typer.Exit(1) from None
    learner.save(out)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    if json:
        show.as_json(_result(learner, method, out))
    else:
        _show(learner, method, out)


def _learner(method: str, options: dict[str, Any], seed: int) -> Any:
    """Return the estimator that a method names.

    Raises:
        OptionError: The method is unknown, or has no such option.
    """
    if method not in METHODS:
        raise OptionError(f"--method {method!r} is unknown{nearest(method, METHODS)}")
    place, fixed = METHODS[method]
    module, name = place.split(":")
    kind = getattr(import_module(module), name)
    known = {spec.name for spec in fields(kind)}
    for option in options:
        if option not in known:
            flag = option.replace("_", "-")
            raise OptionError(f"--method {method} has no option --{flag}; leave it out")
    learner = kind(**fixed, **options, seed=seed, verbose=True)
    config.check(learner)
    return learner


def _checkpoint(learner: Any, method: str, out: Path, resume: bool) -> Path | None:
    """Return the file for the state of a run; None where the method keeps none.

    Raises:
        OptionError: It is to be resumed nevertheless.
    """
    by = {"softmax": "--output softmax"}.get(getattr(learner, "output", ""))
    if method == "pmi":
        by = "--method pmi"
    if by and resume:
        raise OptionError(f"{by} keeps no checkpoint; leave --resume out")
    return None if by else out.with_name(out.name + ".checkpoint")


def _claim(
    out: Path,
    corpus: Sequence[Path],
    method: str,
    checkpoint: Path | None,
    resume: bool,
    overwrite: bool,
) -> None:
    """Make sure that the file can be written, before any work is done.

    Raises:
        OptionError: The ending does not do, or options contradict each other.
        SestinaError: It cannot be written, or is something that must not be lost.
    """
    from sestina.vectors import formats
    from sestina.vectors.sources import refuse_missing

    if resume and overwrite:
        raise OptionError("--resume goes on, --overwrite starts anew; give one of them")
    if method.startswith("doc2vec") and out.suffix != ".safetensors":
        raise OptionError(f"doc2vec writes a model; name --out FILE.safetensors, not {out.name}")
    formats.check_target(out)
    refuse_missing(corpus)  # before an unfinished run is given up for it
    if out.is_dir():
        raise SestinaError(f"{str(out)!r} is a folder; name a file for the vectors")
    if out.exists() and any(path.exists() and path.samefile(out) for path in corpus):
        raise OptionError(f"{str(out)!r} is a file of the corpus; name another one for the vectors")
    unfinished = checkpoint is not None and checkpoint.exists()
    if not resume and not overwrite and (out.exists() or unfinished):
        state = (
            f"{str(checkpoint)!r} holds an unfinished run; go on with --resume"
            if unfinished
            else f"{str(out)!r} exists; name another file"
        )
        raise SestinaError(f"{state}, or replace it with --overwrite")
    if resume and not unfinished:
        if out.exists():
            raise SestinaError(f"the run of {str(out)!r} is finished; train anew with --overwrite")
        show.say(f"there is no {checkpoint}; starting from the beginning")
    store.refuse_unwritable(out)
    if overwrite and checkpoint is not None:
        checkpoint.unlink(missing_ok=True)


def _idle(learner: Any, method: str, options: dict[str, Any]) -> list[str]:
    """Return a sentence for each option that was set, but does nothing beside another one."""
    rules = [
        (names, f"--{by.replace('_', '-')} {method if by == 'method' else value}")
        for names, by, values in IDLE
        if (value := getattr(learner, by, None)) in values
    ]
    if learner.kmers is not None:
        rules.append((READING, "--kmers"))
    return [
        f"--{name.replace('_', '-')} does nothing with {by}"
        for names, by in rules
        for name in names
        if name in options
    ]


def _left(learner: Any, checkpoint: Path | None, out: Path) -> str:
    """Return what is left of a run that Ctrl-C ended; vectors are written where they stay."""
    if checkpoint is not None and checkpoint.exists():
        return f"the state is in {checkpoint}, go on with --resume"
    if checkpoint is None and hasattr(learner, "vectors_"):
        learner.save(out)
        return f"the vectors so far are in {out}"
    return "nothing was learnt yet"


def _result(learner: Any, method: str, out: Path) -> dict[str, Any]:
    """Return what a training has given, for programs."""
    history = learner.history_
    vectors = getattr(learner, "vectors_", None)
    documents = getattr(learner, "documents_", None)
    return {
        "task": "vectors train",
        "method": method,
        "words": None if vectors is None else len(vectors),
        "documents": None if documents is None else len(documents),
        "dimensions": learner.dimensions,
        "tokens": learner.tokens_,
        "sentences": learner.sentences_,
        "epochs": len(history),
        "loss": history[-1]["loss"] if history else None,
        "words_per_second": history[-1]["sequences_per_second"] if history else None,
        "reading_seconds": round(learner.reading_seconds_, 3),
        "seconds": round(learner.seconds_, 3),
        "out": str(out),
        "bytes": out.stat().st_size,
        "options": config.to_dict(learner),
        "history": history,
    }


def _show(learner: Any, method: str, out: Path) -> None:
    """Print what a training has given."""
    found = _result(learner, method, out)
    speed = found["words_per_second"]
    lines = {
        "words": found["words"],
        "documents": found["documents"],
        "dimensions": found["dimensions"],
        "read": f"{counted(found['tokens'], 'word')}, {counted(found['sentences'], 'sentence')}",
        "epochs": found["epochs"] or None,
        "loss": found["loss"],
        "words/s": None if speed is None else round(speed),
        "seconds": f"{found['seconds']:.1f}, reading {found['reading_seconds']:.1f}",
        "written": f"{out} ({found['bytes'] / 1e6:,.1f} MB)",
    }
    show.facts(f"{method} vectors", lines)
