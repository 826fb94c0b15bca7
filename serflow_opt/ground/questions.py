"""Questions that are asked one after the other until time is over, and those that were not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from serflow_opt.ground.deadline import Deadline

Answer = TypeVar("Answer")


class NotAsked(Exception):
    """Time was over before a question."""


class Questions:
    """Asks until a deadline; the first question always.

    Parameters
    ----------
    deadline
        For all of them together.
    on_progress
        Told each question before it is asked.

    Attributes
    ----------
    not_asked
        Questions there was no time for, in words.
    """

    def __init__(self, deadline: Deadline, on_progress: Callable[[str], None] | None = None) -> None:
        self.deadline, self.not_asked = deadline, list[str]()
        self._tell, self._asked = on_progress, False

    def ask(self, what: str, answer: Callable[[], Answer]) -> Answer:
        """Return an answer.

        Raises
        ------
        NotAsked
            Where time is over.
        """
        if self._asked and self.deadline.expired:
            self.not_asked.append(what)
            raise NotAsked(what)
        self._asked = True
        if self._tell:
            self._tell(what)
        return answer()
