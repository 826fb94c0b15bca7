"""The tolerances of the package, in the order that they have to keep."""

from __future__ import annotations

EQUAL = 1e-9
"""Objectives this close, relative, are a tie: double precision tells them no further apart."""


SLACK = 5e-10
"""How far, relative, a limit may be missed in the model: rounding of sums in double precision. It is half of what the
exact evaluation forgives, so that a plan that uses all of it still passes there."""
ROOM = 5e-8
"""How far, relative, limits are opened in a model whose choices are all discrete. HiGHS has lost plans that met a limit
within its own tolerances (1e-8); with this room they lie inside it. A plan that needs the room is cut off by the exact
evaluation, and the bound stays a bound."""
CERTAIN = 1e-6
"""How far, relative, a floor must be out of reach before an end is left out: more than any rounding and any room."""
