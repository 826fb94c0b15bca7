"""What a controller noticed or did, kept in constant memory."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_EVENTS = 1000
"""Events that are kept, and texts that are not said again at once; older ones go."""
AGAIN_S = 300.0
"""The same is not said again within so many seconds."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something the controller noticed or did, worth telling."""

    at_s: float
    block: int | None
    text: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        where = "" if self.block is None else f", block {self.block + 1}"
        return f"at {self.at_s:,.0f} s{where}: {self.text}"


@dataclass
class EventJournal:
    """Events in the order in which they were noted, the latest last."""

    events: list[Event] = field(default_factory=list)
    _said: dict[tuple[int | None, str], float] = field(default_factory=dict, repr=False)

    def note(self, at_s: float, b: int | None, text: str) -> None:
        """Keep what happened; the same again is said once in `AGAIN_S`.

        Parameters
        ----------
        at_s, b, text
            When, seconds; in which block, None: in none; and what.
        """
        before = self._said.get((b, text))
        if before is not None and abs(at_s - before) < AGAIN_S:
            return
        if len(self._said) >= MOST_EVENTS:
            self._said = {key: at for key, at in self._said.items() if abs(at_s - at) < AGAIN_S}
            while len(self._said) >= MOST_EVENTS:
                del self._said[next(iter(self._said))]
        self._said[b, text] = at_s
        self.events.append(Event(at_s, b, text))
        if len(self.events) >= 2 * MOST_EVENTS:
            del self.events[:-MOST_EVENTS]
