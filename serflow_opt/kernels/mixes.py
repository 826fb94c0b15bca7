"""The best mix of choices of thresholds within limits: a linear program, solved column by column (Dantzig-Wolfe).

A mix of choices is what a server does that draws lots, so the best mix within the limits bounds all plans of the
placement. There are as many rows as limits, and one for the shares of the mix; `choices.py` finds the column that
enters next. Machines are bought in parts, from the least of them on, at their rent. Any weights of the rows give a
bound, which is what counts here, not the program's own value. A first phase finds a mix that keeps all limits.

Columns of the program go by a number: a choice of the pool from 0 on, -k what row k leaves, `MORE` - k machines of row
k beyond the least, `SHORT` what all rows lack.
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np
from cython.cimports.libc.math import fabs

from serflow_opt.kernels.choices import Choices

POOL = cython.declare(cython.Py_ssize_t, 60)
"""Choices kept from node to node."""
STEPS = cython.declare(cython.Py_ssize_t, 400)
"""Columns that enter at a node, at most."""
MORE = cython.declare(cython.Py_ssize_t, -1000)
SHORT = cython.declare(cython.Py_ssize_t, -3000)
NONE = cython.declare(cython.Py_ssize_t, -4000)
INFINITE = cython.declare(cython.double, float("inf"))


class Mixes(Choices):
    """The program of a node of the open placement: ranges of thresholds and numbers of machines; as `Choices`."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        columns, kinds, longest = self.columns, self.machines, self.all_adds.shape[2]
        self.have, self.last, self.room, self.eager = 0, 0, POOL, True
        self.pool, self.pooled = np.zeros((POOL, longest), np.int64), np.zeros((POOL, columns))
        self.right, self.inverse, self.kind = (
            np.zeros(columns),
            np.zeros((columns, columns)),
            np.zeros(columns, np.int64),
        )
        self.cost, self.value, self.dual = np.zeros(columns), np.zeros(columns), np.zeros(columns)
        self.step, self.entering, self.tightest = np.zeros(columns), np.zeros(columns), np.zeros(columns)
        self.least, self.most, self.full = np.zeros(kinds), np.zeros(kinds), np.zeros(kinds, np.int64)

    def _bound(self, quick: cython.bint) -> cython.double:
        """Solve the program of the node: its bound, infinite where no mix keeps the limits.

        Parameters
        ----------
        quick
            Whether to stop as soon as a mix shows that the bound will be below the target.
        """
        i: cython.Py_ssize_t
        steps: cython.Py_ssize_t
        entering: cython.Py_ssize_t
        bound: cython.double = -INFINITE
        least: cython.double
        value: cython.double
        first: cython.bint
        allowed: cython.double = self._right_hand()
        if self.eager or self.have == 0:
            value = self._price()
            bound = self._dual_value(value, False) if self.weight[0] > 0 else -INFINITE
            self._remember(0.0)
            if bound >= self._target():
                return bound
            self._keep()
        first = self._start()
        for steps in range(STEPS):  # noqa: B007  # Cython counts with what is declared
            entering = self._cheapest_known(first)
            if entering == NONE:
                self._weigh(first)
                value = self._price()
                if first:
                    value = self._dual_value(value, True)
                    if value > 0:
                        self._go_towards(value, bound)
                        return INFINITE
                else:
                    value = self._dual_value(value, False)
                    if value > bound:
                        bound = value
                        self._remember(0.0)
                    if bound >= self._target() or self._total() - bound <= allowed:
                        return bound
                least = -self.dual[0]
                for i in range(self.columns):
                    least += self.weight[i] * self.column[i]
                if least >= -self.rounding:
                    return bound
                entering = self._keep()
            if not self._enter(entering, first):
                return bound
            if first and not self._is_short():
                first = False
                self._real_costs()
            if quick and not first and self._total() < self._target() - allowed:
                return bound
        return bound

    def _remember(self, times: cython.double) -> None:
        """Remember the weights, as those of the best bound, or in addition to these so many times."""
        k: cython.Py_ssize_t
        for k in range(self.columns):
            self.tightest[k] = (self.tightest[k] if times > 0 else 0.0) + (times or 1.0) * self.weight[k]

    def _go_towards(self, value: cython.double, bound: cython.double) -> None:
        """No mix fits: remember weights that go so far in the direction which shows it that the bound is out of reach.

        Parameters
        ----------
        value
            By how much the rows are missed, above 0.
        bound
            By the weights remembered.
        """
        target: cython.double = self._target()
        if not self.tightest[0] > 0 or bound == -INFINITE:
            return
        if target == INFINITE:
            target = bound + fabs(bound) + 1.0
        self._remember(2 * (target - bound) / value)

    def _right_hand(self) -> cython.double:
        """Set the right-hand sides; return how far the program's value may stay above its bound."""
        k: cython.Py_ssize_t
        number: cython.double
        self.right[0] = 1.0
        for k in range(1, self.columns):
            self.right[k] = self.limit[k]
        for k in range(self.machines):
            number = self.most[k] if self.full[k] else self.least[k]
            self.right[1 + k] = number / self.unit[k] * (1 + self.forgiven)
            if self.money:
                self.right[self.money] -= number * self.due[k]
        return self.gap / 20 * (fabs(self.best) if self.known else 1.0)

    def _dual_value(self, value: cython.double, first: cython.bint) -> cython.double:
        """Bound by the weights, `value` their least sum over all choices; above 0 in the first phase: no mix fits."""
        k: cython.Py_ssize_t
        size: cython.double = fabs(value)
        each: cython.double
        for k in range(self.machines + 1, self.columns):
            value -= self.weight[k] * self.limit[k]
            size += fabs(self.weight[k] * self.limit[k])
        for k in range(self.machines):
            each = (0.0 if first else self.rent[k]) - self.weight[1 + k] / self.unit[k] * (1 + self.forgiven)
            if self.money:
                each += self.weight[self.money] * self.due[k]
            each *= self.least[k] if each >= 0 else self.most[k]
            value += each
            size += fabs(each)
        return value - self.rounding * size

    def _keep(self) -> cython.Py_ssize_t:
        """Put the choice into the pool, in the place of one that is not in the basis; return where."""
        at: cython.Py_ssize_t
        i: cython.Py_ssize_t
        taken: cython.bint
        if self.have < self.room:
            at = self.have
            self.have += 1
        else:
            at = self.last
            while True:
                at = (at + 1) % self.room
                taken = False
                for i in range(self.columns):
                    taken = taken or self.kind[i] == at
                if not taken:
                    break
            self.last = at
        for i in range(self.stages):
            self.pool[at, i] = self.levels[i]
        for i in range(self.columns):
            self.pooled[at, i] = self.column[i]
        return at

    def _inside(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether a choice of the pool is within the ranges."""
        s: cython.Py_ssize_t
        for s in range(self.stages):  # noqa: SIM110  # no generator: this is compiled
            if self.pool[at, s] < self.low[s] or self.pool[at, s] > self.high[s]:
                return False
        return True

    def _start(self) -> cython.bint:
        """Begin with the choice of the pool that lacks least, and slacks; say whether it lacks anything."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        at: cython.Py_ssize_t = -1
        worst: cython.Py_ssize_t
        lacks: cython.double
        least: cython.double = INFINITE
        for i in range(self.have):
            if not self._inside(i):
                continue
            lacks = 0.0
            for k in range(1, self.columns):
                if k > self.machines or self.full[k - 1]:
                    lacks = max(lacks, self.pooled[i, k] - self.right[k])
            if lacks < least or (lacks == least and self.pooled[i, 0] < self.pooled[at, 0]):
                least, at = lacks, i
        worst = 0
        for k in range(self.columns):
            for i in range(self.columns):
                self.inverse[k, i] = 1.0 if i == k else 0.0
            self.cost[k] = 0.0
            if k == 0:
                self.kind[k], self.value[k] = at, 1.0
                continue
            self.kind[k], self.value[k] = -k, self.right[k] - self.pooled[at, k]
            self.inverse[k, 0] = -self.pooled[at, k]
        for k in range(1, self.machines + 1):
            if self.value[k] < 0 and not self.full[k - 1]:
                self._column_of(MORE - k)
                self._pivot(k, MORE - k, 0.0)
        for k in range(1, self.columns):
            if self.value[k] < 0 and (worst == 0 or self.value[k] < self.value[worst]):
                worst = k
        if worst == 0:
            self._real_costs()
            return False
        self._column_of(SHORT)
        self._pivot(worst, SHORT, 1.0)
        return True

    def _column_of(self, code: cython.Py_ssize_t) -> None:
        """Set the column that enters, and what it takes of each of the basis."""
        k: cython.Py_ssize_t
        i: cython.Py_ssize_t
        for k in range(self.columns):
            self.entering[k] = 0.0
        if code >= 0:
            self.entering[0] = 1.0
            for k in range(1, self.columns):
                self.entering[k] = self.pooled[code, k]
        elif code > MORE:
            self.entering[-code] = 1.0
        elif code > SHORT:
            self.entering[MORE - code] = -1.0
            if self.money:
                self.entering[self.money] = self._due_of(MORE - code)
        else:
            for k in range(1, self.columns):
                if k > self.machines or self.full[k - 1]:
                    self.entering[k] = -1.0
        for i in range(self.columns):
            self.step[i] = 0.0
            for k in range(self.columns):
                self.step[i] += self.inverse[i, k] * self.entering[k]

    def _cost_of(self, code: cython.Py_ssize_t) -> cython.double:
        """Cost of a column in the second phase."""
        k: cython.Py_ssize_t
        if code >= 0:
            return self.pooled[code, 0]
        if SHORT < code < MORE:
            k = MORE - code - 1
            return self.rent[k] * self.unit[k] / (1 + self.forgiven)
        return 0.0

    def _due_of(self, k: cython.Py_ssize_t) -> cython.double:
        """Money, where it is limited, of what one unit of row k takes in machines."""
        return self.due[k - 1] * self.unit[k - 1] / (1 + self.forgiven)

    def _real_costs(self) -> None:
        """Begin the second phase."""
        i: cython.Py_ssize_t
        for i in range(self.columns):
            self.cost[i] = self._cost_of(self.kind[i])

    def _is_short(self) -> cython.bint:
        """Whether some row still lacks something."""
        i: cython.Py_ssize_t
        for i in range(self.columns):  # noqa: SIM110  # no generator: this is compiled
            if self.kind[i] == SHORT:
                return True
        return False

    def _total(self) -> cython.double:
        """Value of the program: of its mix, and the machines at hand."""
        i: cython.Py_ssize_t
        total: cython.double = 0.0
        for i in range(self.columns):
            total += self.cost[i] * self.value[i]
        for i in range(self.machines):
            total += self.rent[i] * (self.most[i] if self.full[i] else self.least[i])
        return total

    def _cheapest_known(self, first: cython.bint) -> cython.Py_ssize_t:
        """Set the dual values; return a column that improves, of those known, `NONE`: there is none."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        code: cython.Py_ssize_t = NONE
        worth: cython.double
        least: cython.double = 1.0
        for k in range(self.columns):
            self.dual[k] = 0.0
            for i in range(self.columns):
                self.dual[k] += self.cost[i] * self.inverse[i, k]
            least += fabs(self.dual[k])
        least *= -self.rounding
        for k in range(1, self.columns):
            if -self.dual[k] < least:
                least, code = -self.dual[k], -k
            if k <= self.machines and not self.full[k - 1]:
                worth = self.dual[k] + (0.0 if first else self._cost_of(MORE - k))
                if self.money:
                    worth -= self.dual[self.money] * self._due_of(k)
                if worth < least:
                    least, code = worth, MORE - k
        if code != NONE:
            return code
        for i in range(self.have):
            worth = (0.0 if first else self.pooled[i, 0]) - self.dual[0]
            for k in range(1, self.columns):
                worth -= self.dual[k] * self.pooled[i, k]
            if worth < least and self._inside(i):
                least, code = worth, i
        return code

    def _weigh(self, first: cython.bint) -> None:
        """Make weights of the dual values."""
        k: cython.Py_ssize_t
        most: cython.double
        self.weight[0] = 0.0 if first else 1.0
        for k in range(self.columns - 1, 0, -1):
            self.weight[k] = max(-self.dual[k], 0.0)
            if k <= self.machines and not self.full[k - 1]:  # no row is worth more than what widens it
                most = 0.0 if first else self._cost_of(MORE - k)
                if self.money:
                    most += self.weight[self.money] * self._due_of(k)
                self.weight[k] = min(self.weight[k], most * (1 - self.rounding))  # whatever their number

    def _enter(self, code: cython.Py_ssize_t, first: cython.bint) -> cython.bint:
        """Let a column into the basis; say whether another one left."""
        i: cython.Py_ssize_t
        out: cython.Py_ssize_t = -1
        ratio: cython.double
        least: cython.double = INFINITE
        self._column_of(code)
        for i in range(self.columns):
            if self.step[i] > self.rounding:
                ratio = max(self.value[i], 0.0) / self.step[i]
                if ratio < least or (ratio == least and self.kind[i] == SHORT):
                    least, out = ratio, i
        if out < 0:
            return False
        self._pivot(out, code, 0.0 if first else self._cost_of(code))
        return True

    def _pivot(self, out: cython.Py_ssize_t, code: cython.Py_ssize_t, cost: cython.double) -> None:
        """Put the column that enters in the place of one of the basis."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        each: cython.double
        for k in range(self.columns):
            self.inverse[out, k] /= self.step[out]
        self.value[out] /= self.step[out]
        for i in range(self.columns):
            each = self.step[i]
            if i == out or each == 0:
                continue
            for k in range(self.columns):
                self.inverse[i, k] -= each * self.inverse[out, k]
            self.value[i] -= each * self.value[out]
        self.kind[out], self.cost[out] = code, cost

    def _shares(self, i: cython.Py_ssize_t) -> cython.bint:
        """Whether the choice at this place of the basis is part of the mix."""
        return self.kind[i] >= 0 and self.value[i] > self.rounding

    def _number(self, p: cython.Py_ssize_t) -> cython.double:
        """How many machines the mix takes."""
        i: cython.Py_ssize_t
        if self.full[p]:
            return self.most[p]
        for i in range(self.columns):
            if self.kind[i] == MORE - 1 - p:
                return self.least[p] + self.value[i] * self.unit[p] / (1 + self.forgiven)
        return self.least[p]
