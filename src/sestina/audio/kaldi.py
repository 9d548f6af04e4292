"""Data folders as Kaldi has them: wav.scp, segments, text, utt2spk (Povey et al. 2011)."""

from __future__ import annotations

from pathlib import Path

from sestina.audio.pipes import FORMS, file_of
from sestina.audio.utterances import Utterance, Utterances, checked
from sestina.data.tables import decode, read_bytes
from sestina.errors import DataError, counted

SOUNDS = "wav.scp"
LISTS = ("segments", "text", "utt2spk")
Span = tuple[str, float, float | None]  # recording, start, stop


def is_kaldi(folder: Path) -> bool:
    """Tell whether a folder is such a one."""
    return (folder / SOUNDS).is_file()


def other_lists(folder: Path) -> list[str]:
    """Return which of Kaldi's lists a folder has, that of its sounds aside."""
    return [name for name in LISTS if (folder / name).is_file()]


def read_kaldi(folder: Path, part: str | None = None, encoding: str = "utf-8") -> Utterances:
    """Read a data folder.

    wav.scp names the file of each recording; a relative path counts from the folder, or else from
    where the program runs. Of commands those that only name a file are read as that file (`pipes`);
    none is ever run. `segments` tells which part of which recording an utterance is; without it
    each recording is one. `text` and `utt2spk` tell what is said, and by whom; an utterance that
    the latter lacks has a speaker of its own. Utterances without a text are left out where others
    have one. Blanks or tabs part what stands in a line.

    Args:
        folder: The folder.
        part: Which part of the data it is.
        encoding: Of the lists.

    Raises:
        DataError: A list is missing, damaged or does not fit the others; line and file are named.
    """
    files = _files(folder, encoding)
    spans = _spans(folder, files, encoding)
    texts = _entries(folder / "text", encoding, bare=True)
    speakers = _entries(folder / "utt2spk", encoding)
    rows, unheard = [], 0
    for name, (recording, start, stop) in spans.items():
        if texts is not None and name not in texts:
            unheard += 1
            continue
        text = None if texts is None else " ".join(texts[name].split())
        speaker = (speakers or {}).get(name, name)
        rows.append(Utterance(name, speaker, files[recording], text, part, start=start, stop=stop))
    notes = []
    if unheard:
        notes.append(f"left out {counted(unheard, 'utterance')} that {folder / 'text'} lacks")
    silent = len(set(texts or ()) - set(spans))
    if silent:
        notes.append(f"{folder / 'text'} has {counted(silent, 'text')} of which there is no sound")
    alone = sum(row.id not in (speakers or {}) for row in rows)
    if speakers is None:
        notes.append(f"{folder} has no utt2spk: every utterance has a speaker of its own")
    elif alone:
        said = f"{counted(alone, 'utterance')}: each has a speaker of its own"
        notes.append(f"{folder / 'utt2spk'} lacks {said}")
    return checked(rows, str(folder), notes)


def _files(folder: Path, encoding: str) -> dict[str, Path]:
    """Return the file of each recording.

    Raises:
        DataError: There is no list, or it names commands that do more than name a file.
    """
    path = folder / SOUNDS
    entries = _entries(path, encoding)
    if entries is None:
        raise DataError(f"{folder} has no {SOUNDS}; expected a data folder as Kaldi has them")
    files = {}
    for name, place in entries.items():
        said = file_of(place) if place.endswith("|") else place
        if said is None:
            raise DataError(
                f"{path}: {name!r} is heard through a command ({place:.60}), and no command of a "
                f"file is ever run here; only {FORMS} are read, as the files that they name: write "
                "the sounds to WAV or FLAC files and name these"
            )
        own = folder / said
        files[name] = own if own.exists() else Path(said)
    return files


def _spans(folder: Path, files: dict[str, Path], encoding: str) -> dict[str, Span]:
    """Return where each utterance is heard.

    Raises:
        DataError: A line of segments is none, or names an unknown recording.
    """
    path = folder / "segments"
    entries = _entries(path, encoding)
    if entries is None:
        return {name: (name, 0.0, None) for name in files}
    spans: dict[str, Span] = {}
    for name, told in entries.items():
        recording, start, stop = _segment(told, f"{path}: {name!r}")
        if recording not in files:
            raise DataError(
                f"{path}: {name!r} is of the recording {recording!r}, which {SOUNDS} lacks; add it"
            )
        spans[name] = (recording, start, stop)
    return spans


def _segment(told: str, where: str) -> Span:
    """Return recording, start and stop of an utterance."""
    fields = told.split()
    try:
        recording, start, stop = fields[0], float(fields[1]), float(fields[2])
    except (ValueError, IndexError):
        recording, start, stop = "", 0.0, 0.0
    if not 0 <= start < stop < float("inf") or len(fields) != 3:
        raise DataError(
            f"{where} has the segment {told!r:.60}; expected a recording, its start and its end "
            "in seconds"
        )
    return recording, start, stop


def _entries(path: Path, encoding: str, bare: bool = False) -> dict[str, str] | None:
    """Return the lines of a list by their first words; None where there is no such file.

    Args:
        path: The list.
        encoding: Of the file.
        bare: Whether a line may have its first word alone.

    Raises:
        DataError: A line is too short, or two begin alike.
    """
    if not path.is_file():
        return None
    found: dict[str, str] = {}
    # not `splitlines`, for which a line ends at signs that a text may hold, U+2028 and others
    for number, line in enumerate(decode(read_bytes(path), path, encoding).split("\n"), 1):
        if not line.strip():
            continue
        name, *rest = line.split(maxsplit=1)
        if not bare and not rest:
            raise DataError(f"{path}: line {number} has {line!r:.60} alone; expected two words")
        if name in found:
            raise DataError(f"{path}: line {number} has {name!r} again; leave one line out")
        found[name] = "".join(rest).strip()
    return found
