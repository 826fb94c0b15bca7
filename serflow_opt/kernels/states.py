"""What sweeps and listings of a chain share: the exits of its menus, and its states and the ways between them."""

from __future__ import annotations

from typing import Any

import cython
from cython.cimports.libc.math import INFINITY


class Exits:
    """Menus of thresholds, each the lines of its envelope.

    Parameters
    ----------
    lines
        `search.flat.Lines`.
    """

    def __init__(self, lines: Any) -> None:
        self.line_from, self.line_level = lines.begin, lines.level
        self.go_on, self.mass, self.breaks = lines.go_on, lines.mass, lines.breaks

    def line_at(self, menu: cython.Py_ssize_t, value: cython.double, beta: cython.double) -> cython.Py_ssize_t:
        """Of the lines of a menu the first that is lowest where something of this value follows."""
        low: cython.Py_ssize_t = self.line_from[menu]
        high: cython.Py_ssize_t = self.line_from[menu + 1] - 1
        middle: cython.Py_ssize_t
        u: cython.double = value / beta
        if u != u:
            low = high
        while low < high:
            middle = (low + high) // 2
            if self.breaks[middle] < u:
                low = middle + 1
            else:
                high = middle
        return low

    def left_by(self, menu: cython.Py_ssize_t, value: cython.double, beta: cython.double) -> cython.double:
        """φ of what follows."""
        line: cython.Py_ssize_t = self.line_at(menu, value, beta)
        return self.go_on[line] * value - beta * self.mass[line]

    def most_after(self, menu: cython.Py_ssize_t, value: cython.double, beta: cython.double) -> cython.double:
        """Return the largest V with φ(V) <= value: infinite where everybody leaves and that is good enough."""
        low: cython.Py_ssize_t = self.line_from[menu]
        last: cython.Py_ssize_t = self.line_from[menu + 1] - 1
        high: cython.Py_ssize_t = last
        middle: cython.Py_ssize_t
        y: cython.double
        if beta == 0:
            y = self.go_on[last] if value >= 0 else self.go_on[low]
            return INFINITY if y == 0 and value >= 0 else value / y
        y = value / beta
        while low < high:  # from the last value of φ on V is unbounded
            middle = (low + high) // 2
            if self.go_on[middle + 1] * self.breaks[middle] - self.mass[middle + 1] <= y:
                low = middle + 1
            else:
                high = middle
        y += self.mass[low]
        if self.go_on[low] > 0:
            return y * (1 / self.go_on[low]) * beta
        return INFINITY if y >= 0 else -INFINITY


class States(Exits):
    """The arrays of a chain.

    Parameters
    ----------
    flat
        `search.flat.Flat`.
    """

    def __init__(self, flat: Any) -> None:
        super().__init__(flat.lines)
        self.stages, self.runners = flat.whole.shape
        self.may_end = flat.ends is not None
        if self.may_end:
            self.ends = flat.ends
        self.whole, self.back, self.menu = flat.whole, flat.back, flat.menu
        self.stay_from, self.stay_to = flat.stay_from, flat.stay_to
        self.start_hub, self.start_whole = flat.start_hub, flat.start_whole
        self.left_from, self.left_hub, self.left_whole = flat.left_from, flat.left_hub, flat.left_whole
        self.hub_at, self.hub_via = flat.hub_at, flat.hub_via
        self.into_from, self.into_runner, self.into_whole = flat.into_from, flat.into_runner, flat.into_whole
