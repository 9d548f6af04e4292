"""A folder of utterances heard from a distance: WAV files of twins, and a manifest."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sestina import store
from sestina.audio.distance import check_distance, heard_far_off, voices
from sestina.audio.manifest import BEAM, CLEAN, DEVICES, MANIFEST, SINGLE, Entry, as_lines
from sestina.audio.sound_files import as_wav
from sestina.audio.utterances import Utterance, Utterances
from sestina.config import DistanceOptions
from sestina.errors import DataError, DataWarning, OptionError, SestinaError

OWN = {MANIFEST, *DEVICES}  # all that such a folder holds
FEW = 48  # utterances for which no further process is begun: that takes seconds, too


@dataclass(frozen=True)
class Task:
    """One utterance to be heard.

    Attributes:
        utterance: What is said.
        behind: Who may be heard talking behind it.
        name: Of its files.
    """

    utterance: Utterance
    behind: list[Utterance]
    name: str


def write_distant(
    utterances: Utterances,
    out: str | Path,
    options: DistanceOptions,
    *,
    seed: int = 0,
    workers: int = 1,
    overwrite: bool = False,
    count: Callable[[int], None] = lambda done: None,
) -> list[Entry]:
    """Write what microphones far off hear of utterances, and what it is made of.

    The folder gets ``clean/``, ``sdm/`` and ``mdm/`` with a WAV file of 16 bits for each
    utterance, and ``manifest.jsonl`` with a line for each, which `read_speech` reads. It is made
    under another name and renamed at the end: Ctrl-C, or an error, leaves nothing.

    Args:
        utterances: What is said.
        out: The folder.
        options: Rooms, noises, microphones.
        seed: Of all draws; with the utterance's id it decides all of them.
        workers: Processes that share the work; results do not depend on it.
        overwrite: Whether to replace a folder that this function wrote.
        count: Called with the number of utterances that are done.

    Returns:
        The lines of the manifest.

    Raises:
        DataError: A sound cannot be read, or is silent.
        OptionError: An option makes no sense.
        SestinaError: The folder is there already, or cannot be written.
        MissingExtra: soundfile or pyroomacoustics is not installed.
    """
    check_distance(options)
    if seed < 0:
        raise OptionError(f"seed={seed} came; give 0 or more")
    if workers < 1:
        raise OptionError(f"workers={workers} came; give 1 or more")
    out = Path(out)
    _refuse(out, overwrite)
    tasks = _tasks(utterances, options, seed)
    entries: list[Entry] = []
    with _becoming(out) as folder:
        for device in DEVICES:
            (folder / device).mkdir()
        one = partial(_write_one, folder, options, seed)
        for entry, told in _answers(one, tasks, workers):
            entries.append(entry)
            count(len(entries))
            for sentence in told:
                warnings.warn(sentence, DataWarning, stacklevel=2)
        (folder / MANIFEST).write_text(as_lines(entries), encoding="utf-8")
    return entries


def _refuse(out: Path, overwrite: bool) -> None:
    """Raise where something is there that is not to be replaced.

    Raises:
        SestinaError: It is.
    """
    if out.name in ("", ".."):
        raise SestinaError(f"{str(out)!r} is no name for a folder that is made; give one")
    # a list of that name may be somebody else's, beside what must not be lost
    ours = (out / MANIFEST).is_file() and {one.name for one in out.iterdir()} <= OWN
    if out.is_dir() and not ours and any(out.iterdir()):
        raise SestinaError(f"{str(out)!r} holds other files; name an empty or new folder")
    if ours or out.is_file():
        store.refuse_existing(out, overwrite and ours)


def _tasks(utterances: Utterances, options: DistanceOptions, seed: int) -> list[Task]:
    """Return the tasks, in the order of the utterances."""
    in_order = sorted(utterances, key=lambda row: row.id)
    parts = {part: [row for row in in_order if row.part == part] for part in _parts(in_order)}
    taken: set[str] = set()
    tasks = []
    for row in utterances:
        name = re.sub(r"[^\w.-]", "_", row.id)
        while name.lower() in taken:  # some disks take A.wav and a.wav for one
            name += "_"
        taken.add(name.lower())
        tasks.append(Task(row, voices(row, parts[row.part], options, seed), name))
    return tasks


def _parts(rows: Sequence[Utterance]) -> set[str | None]:
    return {row.part for row in rows}


@contextmanager
def _becoming(out: Path) -> Iterator[Path]:
    """Yield a folder under another name, which takes its place once all went well.

    Raises:
        SestinaError: It cannot be written.
    """
    folder = out.with_name(out.name + store.PARTIAL)
    try:
        if folder.exists():  # of a run that was killed
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        yield folder
        if out.exists():
            shutil.rmtree(out)
        os.replace(folder, out)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, SestinaError):
            raise store.unwritable(out, error) from error
        raise


def _answers(
    one: Callable[[Task], tuple[Entry, list[str]]], tasks: Sequence[Task], workers: int
) -> Iterator[tuple[Entry, list[str]]]:
    """Yield what a function gives for each task, in their order, by several processes if asked.

    Raises:
        SestinaError: A process was ended from outside.
    """
    if workers == 1 or len(tasks) < FEW:
        yield from map(one, tasks)
        return
    started = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    pool = ProcessPoolExecutor(workers, started, _leave_interrupts)
    try:
        yield from pool.map(one, tasks)
    except BrokenProcessPool as error:
        raise SestinaError(
            "a process that shared the work was ended: too little memory, or a script that begins "
            "its work without `if __name__ == '__main__'`; take workers=1"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the process that began this one, which then ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _write_one(
    folder: Path, options: DistanceOptions, seed: int, task: Task
) -> tuple[Entry, list[str]]:
    """Write the three files of an utterance; return its line, and what was warned of."""
    row = task.utterance
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        heard = heard_far_off(row, task.behind, options, seed)
    files = {device: f"{device}/{task.name}.wav" for device in DEVICES}
    sounds = {CLEAN: heard.clean, SINGLE: heard.single, BEAM: heard.beam}
    for device, sound in sounds.items():
        try:
            (folder / files[device]).write_bytes(as_wav(sound))
        except DataError as error:
            raise DataError(f"utterance {row.id!r}, {row.where} ({device}): {error}") from error
    entry: Entry = {
        "id": row.id, "speaker": row.speaker, "text": row.text, "part": row.part,
        "source": row.where,
        "seconds": round(heard.clean.seconds, 3), "rate": options.rate, "seed": seed,
        **files, **heard.told,
    }  # fmt: skip
    own = [str(one.message) for one in caught if issubclass(one.category, DataWarning)]
    return entry, own
