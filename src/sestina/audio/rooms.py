"""Rooms drawn at random, and how a sound in them comes to microphones (extra `audio`).

Letters: M microphones, S sources, L samples of an impulse response.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import DistanceOptions
from sestina.errors import MissingExtra, OptionError

Points = NDArray[np.float64]
SPEED = 343.0  # of sound, metres a second
MARGIN = 0.4  # metres from any wall that nothing stands in
TABLE, MOUTH = (0.7, 1.0), (1.1, 1.7)  # heights of microphones and of mouths, in metres
TRIES = 1000  # places that are drawn until one is inside of the room
EARLY = 8  # reflections that a noise is followed through; those behind blur into one another


@dataclass(frozen=True)
class Room:
    """A shoe box with a mouth and microphones in it; metres.

    Attributes:
        size: Length, width, height, (3,).
        rt60: Seconds in which an echo fades by 60 dB, by Sabine's formula.
        mouth: Where the speaker is, (3,).
        microphones: Where they are, (M, 3); the first is the single distant one.
    """

    size: Points
    rt60: float
    mouth: Points
    microphones: Points

    @property
    def lags(self) -> NDArray[np.float64]:
        """Seconds by which each microphone hears the mouth later than the first does, (M,)."""
        paths = np.linalg.norm(self.microphones - self.mouth, axis=1)
        lags: NDArray[np.float64] = (paths - paths[0]) / SPEED
        return lags

    def arrival(self, rate: int) -> float:
        """Return by how many samples the first microphone hears the mouth late."""
        return float(np.linalg.norm(self.microphones[0] - self.mouth)) / SPEED * rate


def draw_room(rng: np.random.Generator, options: DistanceOptions) -> Room:
    """Return a room of the ranges of the options.

    The microphones lie on a table, on a circle whose middle is `distance` from the mouth; both
    stand anywhere in the room.

    Raises:
        OptionError: The distance fits into no room that was drawn.
    """
    for _ in range(TRIES):
        ranges = (options.room_length, options.room_width, options.room_height)
        size = np.array([drawn(rng, sides) for sides in ranges])
        rt60, distance = drawn(rng, options.rt60), drawn(rng, options.distance)
        keep = MARGIN + options.radius
        low, high = np.array([keep, keep, TABLE[0]]), size - keep
        high[2] = min(TABLE[1], size[2] - MARGIN)
        middle = rng.uniform(low, np.maximum(low, high))
        rise = rng.uniform(*MOUTH) - middle[2]
        angle, flat = rng.uniform(0, 2 * np.pi), distance**2 - rise**2
        if flat < 0:  # nearer than the mouth is high above the table
            rise, flat = 0.0, distance**2
        way = (np.sqrt(flat) * np.cos(angle), np.sqrt(flat) * np.sin(angle), rise)
        mouth = middle + np.array(way)
        if np.all(mouth > MARGIN) and np.all(mouth < size - MARGIN) and np.all(middle <= high):
            turn = rng.uniform(0, 2 * np.pi)
            return Room(size, rt60, mouth, circle(middle, options, turn))
    raise OptionError(
        f"distance={tuple(options.distance)} fits into none of {TRIES:,} rooms that were drawn; "
        "give shorter distances or larger rooms"
    )


def drawn(rng: np.random.Generator, among: tuple[float, ...]) -> float:
    """Return a number drawn evenly from a range: the least, the most."""
    return float(rng.uniform(among[0], among[1]))


def circle(middle: Points, options: DistanceOptions, turn: float = 0.0) -> Points:
    """Return M places on a circle around a point, (M, 3), evenly spaced."""
    angles = turn + 2 * np.pi * np.arange(options.microphones) / options.microphones
    around = np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1)
    return middle + options.radius * around


def anywhere(rng: np.random.Generator, room: Room, count: int) -> Points:
    """Return places of mouths in a room, (S, 3)."""
    low = np.array([MARGIN, MARGIN, MOUTH[0]])
    high = room.size - MARGIN
    high[2] = max(low[2], min(MOUTH[1], high[2]))
    return rng.uniform(low, np.maximum(low, high), size=(count, 3))


def impulses(
    room: Room, sources: Sequence[Points] | Points, rate: int, order: int | None = None
) -> list[list[NDArray[np.float64]]]:
    """Return what each microphone hears of a click at each source, S × M arrays (L,).

    By the image method (Allen and Berkley 1979) of pyroomacoustics (Scheibler et al. 2018). Walls
    all absorb alike, as much as the room's RT60 asks for by Sabine's formula. A click comes late
    by its path, and by `group_delay()` besides.

    Args:
        room: The room.
        sources: Places, (S, 3).
        rate: Samples a second.
        order: Most reflections; None follows a sound until it has faded.

    Raises:
        OptionError: Even walls that absorb all would not make so large a room so dry.
        MissingExtra: pyroomacoustics is not installed.
    """
    package = pyroomacoustics()
    try:
        absorbed, needed = package.inverse_sabine(room.rt60, room.size, c=SPEED)
    except ValueError as error:
        size = " × ".join(f"{side:.1f}" for side in room.size)
        raise OptionError(
            f"a room of {size} m cannot fade by 60 dB in {room.rt60:.2f} s, whatever its walls; "
            "give smaller rooms, or a longer rt60"
        ) from error
    with _one_thread(package):
        box = package.ShoeBox(
            room.size, fs=rate, materials=package.Material(absorbed),
            max_order=needed if order is None else min(order, needed),
        )  # fmt: skip
        for source in sources:
            box.add_source(source)
        box.add_microphone_array(room.microphones.T)
        box.compute_rir()
    return [[box.rir[m][s] for m in range(len(room.microphones))] for s in range(len(sources))]


def group_delay() -> int:
    """Return by how many samples pyroomacoustics' fractional delays come late."""
    return int(pyroomacoustics().constants.get("frac_delay_length")) // 2


def pyroomacoustics() -> Any:
    """Return the package pyroomacoustics.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import pyroomacoustics as package
    except ImportError as error:
        raise MissingExtra("pyroomacoustics", "audio") from error
    return package


@contextmanager
def _one_thread(package: Any) -> Iterator[None]:
    """Let it count on one thread meanwhile: with several, sums come out in another order."""
    before = package.constants.get("num_threads")
    package.constants.set("num_threads", 1)
    try:
        yield
    finally:
        package.constants.set("num_threads", before)
