"""Ctrl-C: once, work ends with the best there is; twice, at once.

Whatever takes a time limit looks at a `Stop` beside its clock (`deadline.py`). The outermost call that does so takes
the key over while it works, here and in its worker processes; elsewhere Ctrl-C is what Python makes of it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

AGAIN_S = 2.0
"""Pressed again within this, also in the next call, Ctrl-C ends it: or no loop of short calls would ever end."""
GRACE_S = 0.5
"""What a command has to end by itself after a second Ctrl-C; a solver may not look up for longer."""
OVER = b"\0"
"""Ends the watch: no signal has this number."""
INTERRUPTED = 130
"""Exit code of a program that SIGINT ended, as shells count."""


@dataclass(slots=True)
class Stop:
    """Whether Ctrl-C was pressed, and again; `holding` says that this must not be raised at once."""

    pressed: bool = False
    again: bool = False
    holding: bool = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raise what a second Ctrl-C raises at the end of what is done within: exceptions get lost in foreign code."""
        before, self.holding = self.holding, True
        try:
            yield
        finally:
            self.holding = before
        if self.again and not before:
            raise KeyboardInterrupt


_current: ContextVar[Stop | None] = ContextVar("_current", default=None)
_last_press = float("-inf")
_commanded = False
"""Whether the process is a command's own."""


def current() -> Stop:
    """Return what tells the work at hand to stop; outside `stoppable`, nothing does."""
    return _current.get() or Stop()


def ever_pressed() -> bool:
    """Return whether Ctrl-C told any work of this process to stop."""
    return _last_press > float("-inf")


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let Ctrl-C tell what is done within to stop; pressed again it raises KeyboardInterrupt.

    The outermost of several counts. A handler of the program's own stays, and other threads have no say.
    """
    known = _current.get()
    if known is not None:
        yield known
        return
    stop = Stop()
    token = _current.set(stop)
    mine = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )

    def press(number: int, frame: Any) -> None:
        global _last_press
        stop.again = stop.pressed or time.monotonic() - _last_press < AGAIN_S
        stop.pressed, _last_press = True, time.monotonic()
        if stop.again:
            if stop.holding:
                return
            raise KeyboardInterrupt
        for worker in _workers():  # a terminal tells them, too; twice is no harm
            if worker.pid is not None:
                os.kill(worker.pid, signal.SIGINT)

    if mine:
        signal.signal(signal.SIGINT, press)
    try:
        yield stop
    finally:
        if mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        _current.reset(token)


def workers(jobs: int, method: str | None = None) -> ProcessPoolExecutor:
    """Return processes in which Ctrl-C ends tasks with the best there is.

    Parameters
    ----------
    method
        How they are started, as `multiprocessing` calls it; None: as the platform does.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(jobs, get_context(method), initializer=_work_on)


def _workers() -> list[Any]:
    """The processes that work for this one."""
    if "multiprocessing" not in sys.modules:
        return []
    return sys.modules["multiprocessing"].active_children()  # type: ignore[no-any-return]


def _work_on() -> None:
    """In a worker: take Ctrl-C for all tasks to come. However often it comes, the parent decides when all is over."""
    stop = Stop()
    _current.set(stop)

    def press(number: int, frame: Any) -> None:
        stop.pressed = True

    signal.signal(signal.SIGINT, press)
    signal.set_wakeup_fd(-1)  # a fork has the parent's


def answered() -> None:
    """Pass over Ctrl-C from here on where a command has said all: it would only spoil the exit code.

    Python gives the key back to the system while it shuts down, which takes long with large libraries.
    """
    if _commanded and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def ending_at_second() -> Iterator[None]:
    """End the process at a second Ctrl-C even where a solver keeps Python from seeing it: for commands."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    global _commanded
    before, _commanded = signal.set_wakeup_fd(writer, warn_on_full_buffer=False), True
    done = threading.Event()

    def watch() -> None:
        count = 0
        while (number := os.read(reader, 1)) != OVER:
            count += number[0] == signal.SIGINT
            if count > 1 and not done.wait(GRACE_S):
                for worker in _workers():
                    worker.terminate()
                os._exit(INTERRUPTED)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        answered()
        done.set()
        _commanded = False
        signal.set_wakeup_fd(before)
        os.write(writer, OVER)  # closing is not enough: forks have the pipe, too
        watcher.join()
        os.close(writer)
        os.close(reader)
