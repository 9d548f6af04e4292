"""Teachers that the experiments of a grid share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from sestina import config
from sestina.errors import counted
from sestina.lab.unfinished import Unfinished
from sestina.version import __version__


@dataclass(frozen=True)
class Teachers:
    """Fitted teachers of the experiments so far.

    Attributes:
        kept: Where they are kept for a run that goes on later.
        known: By their options and what they learnt of.
    """

    kept: Unfinished = field(default_factory=Unfinished)
    known: dict[str, Any] = field(default_factory=dict)

    def shared(self, net: Any, data: Hashable, fit: Callable[[Any], Any]) -> Any:
        """Return the fitted teacher of a student; None where it wants none.

        Args:
            net: The student, of `sestina.estimators.taught`.
            data: What tells the data that a teacher is trained on from others.
            fit: Trains an unfitted teacher, if no experiment before had the same one.
        """
        if not net.wants_teacher:
            return None
        teacher = net.untaught()
        what = repr((__version__, config.to_dict(teacher), data))
        identity = hashlib.sha256(what.encode()).hexdigest()[:16]
        if identity not in self.known:
            found = self.kept.teacher(identity)
            if found is None:
                found = fit(teacher)
                self.kept.keep_teacher(identity, found)
            self.known[identity] = found
        return self.known[identity]

    def forget(self) -> None:
        """Remove those that are kept, since everything of this run has its record.

        Teachers that it did not ask for are another run's, which may be going on beside it, unless
        it went on where one had stopped.
        """
        self.kept.forget_teachers(None if self.kept.resume else list(self.known))

    def in_words(self) -> str:
        """Say how many are kept; an empty string where none is."""
        count = sum(self.kept.has_teacher(identity) for identity in self.known)
        return f"{counted(count, 'teacher')} {'is' if count == 1 else 'are'} kept" * bool(count)
