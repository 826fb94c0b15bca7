"""What a controller notes: in order, not over and over, and not without end."""

from __future__ import annotations

from serflow_opt.traffic.control.journal import AGAIN_S, MOST_EVENTS, Event, EventJournal


def test_the_same_is_said_again_after_a_while_only() -> None:
    """A fault that lasts is said once in five minutes for each block; another text is another matter."""
    journal = EventJournal()
    for at, b, text in (
        (0.0, 0, "a"),
        (AGAIN_S - 1, 0, "a"),
        (AGAIN_S - 1, 1, "a"),
        (AGAIN_S, 0, "a"),
        (AGAIN_S, 0, "b"),
    ):
        journal.note(at, b, text)
    assert [(event.at_s, event.block, event.text) for event in journal.events] == [
        (0.0, 0, "a"),
        (AGAIN_S - 1, 1, "a"),
        (AGAIN_S, 0, "a"),
        (AGAIN_S, 0, "b"),
    ]


def test_the_latest_stay() -> None:
    """Of many events at least the last thousand are kept, in order."""
    journal = EventJournal()
    for n in range(3 * MOST_EVENTS):
        journal.note(float(n), None, f"event {n}")
    kept = [int(event.text.split()[1]) for event in journal.events]
    assert kept == list(range(kept[0], 3 * MOST_EVENTS))
    assert MOST_EVENTS <= len(kept) < 2 * MOST_EVENTS


def test_an_event_is_a_sentence() -> None:
    """Seconds are grouped, and blocks are counted from 1."""
    assert str(Event(86_400.0, 0, "refused")) == "at 86,400 s, block 1: refused"
    assert str(Event(5.0, None, "late")) == "at 5 s: late"
