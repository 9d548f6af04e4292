"""WAV, FLAC and what else libsndfile knows → sounds; sounds → WAV of 16 bits."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina import store
from sestina.audio.sound import FULL, Sound, as_sound, to_integers
from sestina.data.tables import refuse_swollen
from sestina.errors import DataError, DataWarning, MissingExtra, OptionError, counted

ENDINGS = (".wav", ".flac")
RUN = 3  # samples in a row at full scale that are taken for clipped
OPEN_END = (0, 0xFFFFFFFF)  # sizes that programs write into a WAV whose end they do not know
Channel = int | str | None


def read_sound(
    path: str | Path,
    *,
    member: str = "",
    channel: Channel = None,
    start: float = 0.0,
    stop: float | None = None,
    rate: int | None = None,
) -> Sound:
    """Read a sound from a file.

    Args:
        path: A WAV or FLAC file, or a zip archive of such.
        member: The file's name inside of the archive.
        channel: Which of several channels: a number from 1, or "mean". None takes the only one.
        start: Seconds to leave out at the beginning.
        stop: Second to end before; None reads to the end. A stop up to a tenth of a second behind
            the end is taken for the end, since lists of segments are rounded.
        rate: Samples a second that are wanted; None takes the file's.

    Raises:
        DataError: The file is missing, no sound, empty, truncated, holds a NaN, has several
            channels and none is named, or ends before `start` or `stop`.
        MissingExtra: soundfile is not installed.

    Warns:
        DataWarning: It is clipped.
    """
    name = f"{path}:{member}" if member else str(path)
    with _opened(Path(path), member, name) as file:
        first, count = _span(file, start, stop, name)
        file.seek(first)
        values = _values(file, count, name)
    sound = as_sound(_chosen(values, channel, name), file.samplerate, name)
    _tell_clipped(sound, name)
    return sound if rate is None else sound.at(rate)


def write_sound(path: str | Path, sound: Sound) -> None:
    """Write a sound as WAV of 16 bits, all or nothing.

    Raises:
        DataError: A sample is beyond −1 … 1.
        SestinaError: The file cannot be written.
        MissingExtra: soundfile is not installed.
    """
    store.write_bytes(path, as_wav(sound))


def as_wav(sound: Sound) -> bytes:
    """Return a sound as the content of a WAV file of 16 bits.

    Raises:
        DataError: A sample is beyond −1 … 1.
        MissingExtra: soundfile is not installed.
    """
    content = io.BytesIO()
    integers = to_integers(sound.samples)
    soundfile().write(content, integers, sound.rate, format="WAV", subtype="PCM_16")
    return content.getvalue()


def soundfile() -> Any:
    """Return the package soundfile.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import soundfile as package
    except ImportError as error:
        raise MissingExtra("soundfile", "audio") from error
    except OSError as error:  # its wheel for some systems has no libsndfile
        raise MissingExtra("soundfile with libsndfile", "audio") from error
    return package


@contextmanager
def _opened(path: Path, member: str, name: str) -> Iterator[Any]:
    """Open a file of sound, also inside of an archive.

    Raises:
        DataError: It is missing, no sound, or truncated.
    """
    package = soundfile()
    content = io.BytesIO(_member(path, member)) if member else None
    flac = False
    try:
        with content or path.open("rb") as file:
            flac = file.read(4) == b"fLaC"
            file.seek(0)
            _refuse_truncated(file, name)
            with package.SoundFile(file) as opened:
                yield opened
    except FileNotFoundError as error:
        raise DataError(f"there is no file {name!r}; check the path and its ending") from error
    except package.LibsndfileError as error:
        if flac:  # it tells how long it is, but a gap shows only where its frames are read
            raise DataError(
                f"{name} is truncated or damaged: it begins as FLAC, and cannot be read to its end "
                f"({error.error_string.rstrip('.')}); copy it anew"
            ) from error
        raise DataError(
            f"{name} is no sound that can be read ({error.error_string.rstrip('.')}); expected WAV "
            "or FLAC: convert it, or copy it anew"
        ) from error
    except IsADirectoryError as error:
        raise DataError(
            f"{name} is a folder; name a file of sound, or give a folder of utterances by --file"
        ) from error
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}") from error


def _member(path: Path, member: str) -> bytes:
    """Return a file of an archive.

    Raises:
        DataError: There is no such archive or file, or it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            told = archive.getinfo(member)
            refuse_swollen(told.file_size, told.compress_size, path)
            return archive.read(told)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {str(path)!r}; check the path") from error
    except KeyError as error:
        raise DataError(f"{path} has no file {member!r}; check the list of files") from error
    # RuntimeError: the file is encrypted, or packed in a way that zipfile does not know
    except (zipfile.BadZipFile, OSError, RuntimeError) as error:
        raise DataError(
            f"{path} cannot be read as a zip archive ({error}); copy it anew"
        ) from error


def _refuse_truncated(file: Any, name: str) -> None:
    """Raise where a WAV promises more samples than it has; libsndfile reads what is there.

    Raises:
        DataError: It does.
    """
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        while len(chunk := file.read(8)) == 8:
            kind, size = struct.unpack("<4sI", chunk)
            if kind == b"data":
                began = file.tell()
                left = file.seek(0, io.SEEK_END) - began
                if size not in OPEN_END and left < size:
                    raise _truncated(name, f"{left:,} of {counted(size, 'byte')} of sound")
                break
            file.seek(size + size % 2, io.SEEK_CUR)
    file.seek(0)


def _truncated(name: str, has: str) -> DataError:
    return DataError(f"{name} is truncated: it has {has}; copy it anew")


def _span(file: Any, start: float, stop: float | None, name: str) -> tuple[int, int]:
    """Return the first sample of a span, and how many samples it has.

    Raises:
        DataError: The file has no such span.
    """
    length = file.frames / file.samplerate
    if file.frames == 0:
        raise DataError(f"{name} is empty: it has no sample; leave it out")
    end = length if stop is None else stop
    if not 0 <= start < end or end > length + 0.1 or start >= length:
        raise DataError(
            f"{name} lasts {length:.2f} s, so there is no part from {start:g} to {end:g} s; "
            "check the list of segments"
        )
    first = round(start * file.samplerate)
    return first, max(1, min(round(end * file.samplerate), file.frames) - first)


def _values(file: Any, count: int, name: str) -> NDArray[np.float32]:
    """Return `count` samples of all channels, (T, C).

    Raises:
        DataError: There are fewer.
    """
    values: NDArray[np.float32] = file.read(count, dtype="float32", always_2d=True)
    if len(values) < count:
        raise _truncated(name, f"{len(values):,} of {counted(count, 'sample')}")
    return values


def _chosen(values: NDArray[np.float32], channel: Channel, name: str) -> NDArray[np.float32]:
    """Return one channel of several, (T,).

    Raises:
        DataError: There are several and none is named, or there is no such one.
        OptionError: `channel` is neither a number nor "mean".
    """
    channels = values.shape[1]
    if channel == "mean":
        together: NDArray[np.float32] = values.mean(axis=1)
        return together
    if channel is None and channels == 1:
        return values[:, 0]
    if channel is None:
        raise DataError(
            f"{name} has {counted(channels, 'channel')}; keep one of them in the file, or read it "
            "from Python with channel=1, by its number, or channel='mean'"
        )
    if not isinstance(channel, int):
        raise OptionError(f"channel={channel!r} is unknown; give a number from 1, or 'mean'")
    if not 1 <= channel <= channels:
        raise DataError(f"{name} has {counted(channels, 'channel')}, so there is none {channel}")
    return values[:, channel - 1]


def _tell_clipped(sound: Sound, name: str) -> None:
    """Warn where several samples in a row are as large as they can be."""
    full = np.abs(sound.samples) >= (FULL - 1) / FULL
    runs = full[: 1 - RUN] & full[1 : 2 - RUN] & full[RUN - 1 :]
    if runs.any():
        warnings.warn(
            f"{name} is clipped: {counted(int(full.sum()), 'sample')} of "
            f"{len(full):,} at full scale; record it less loud, or leave it out",
            DataWarning,
            stacklevel=3,
        )
