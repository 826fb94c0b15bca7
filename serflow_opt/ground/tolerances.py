"""All tolerances, in the order that they have to keep.

Relative, unless a unit is named. What a proof says rests on this chain; each step leaves room for the one before it:

    ROUNDING 1e-12  <  SLACK 5e-10  <  TOLERANCE, EQUAL 1e-9  <  FEASIBILITY 1e-8  <  ROOM 5e-8
             <  MARGIN, MODEL_ERROR 1e-7  <  DEFAULT_GAP 1e-6

* Sums of a few thousand terms in double precision are off by less than ROUNDING.
* The exact evaluation forgives TOLERANCE. The search by labels forgives SLACK, half of it, in the same limits: rounding
  on top of that still passes the evaluation, so that no plan it finds is refused there.
* Objectives within EQUAL are a tie. No bound is told closer than that to a plan.
* HiGHS meets rows to FEASIBILITY, ten times coarser. So limits in a model are opened by ROOM, a few times that: a plan
  that keeps its limit exactly lies inside and is not lost. What only the room lets through breaks TOLERANCE, and is cut
  off by the exact evaluation.
* A model that is opened by ROOM is off by about as much. It takes twice that, MODEL_ERROR, to call its value of a plan
  wrong, and as much, MARGIN, before a bound drops a placement.
* All of this must vanish in the gap that is proven: DEFAULT_GAP is ten times MARGIN.
"""

from __future__ import annotations

SMALLEST = 1e-300
"""Numbers below this have no precision left; what is divided by is at least this."""
NIL = 1e-15
"""Absolute: added where both sides of a comparison may be zero."""
CONVERGED = 1e-14
"""Steps of a least-squares fit this small end it: the last digits."""
ON_LINE = 1e-13
"""A value this near below the line through two points of a concave function is on it: no break lies between."""

# Where sums are compared

ROUNDOFF = 2.0**-53
"""What one sum or product in double precision is off by at most."""
SAME_SUM = 1e-13
"""Of the sum of the largest parts: sums this close are equal, in whatever order they were added up."""

ROUNDING = 1e-12
"""Rounding of sums in double precision: numbers this close are one, a quotient this near to a whole number is whole."""
SCATTERED = 1e-10
"""Squared coefficient of variation from which on times are taken for varying: those that do not are another law, whose
waits are exact and up to a quarter shorter than those read off tables."""
POLISHED = 1e-10
"""Primal tolerance of HiGHS once the integers are fixed and only an LP is left."""
SLACK = 5e-10
"""How far a limit may be missed in the model and by labels: half of what the exact evaluation forgives, so that a plan
that uses all of it still passes there."""
TOLERANCE = 1e-9
"""Limits count as kept, and shares and machine loads as equal, within this, by the exact evaluation and what agrees
with it."""
EQUAL = 1e-9
"""Objectives this close are a tie: double precision tells them no further apart."""
TOUCHING = 1e-9
"""Added to limits where they make corners, in units of an objective's usual size: what meets a limit lies below it."""
WHOLE_MACHINE = 1e-9
"""Of a machine: numbers closer to a whole one are whole, and what is left for a last machine must be more."""
INSTANT = 1e-9
"""Seconds; an edge of the demand this close to a moment is at it."""
UNDER_BOUND = 2e-9
"""How far a plan may be above a bound it was found under: what the exact evaluation forgives, on both sides."""
FOR_VALUING = 2.5e-9
"""Kept of the gap for the exact value, and for a plan that is as good to rounding: twice EQUAL and some."""

# Where HiGHS is asked

FEASIBILITY = 1e-8
"""Primal and integrality tolerance of HiGHS. At 1e-9, the size of constants inside it, it can lose plans that meet a
limit with equality; what 1e-8 lets through is found by the exact evaluation and cut off."""
NO_RANGE = 1e-8
"""A range between the best and the worst of an objective below this, of its size, is what HiGHS does not resolve."""
ROOM = 5e-8
"""How far limits are opened in a model whose choices are all discrete. HiGHS has lost plans that met a limit within its
own tolerances; with this room they lie inside it. A plan that needs the room is cut off by the exact evaluation, and
the bound stays a bound."""
BOX_GAP = 5e-8
"""Gap of each solve of a front by boxes: less than half of BOX_STEP."""
LOOSE_FEASIBILITY = 1e-7
"""What HiGHS may miss rows by in a second search, which is to find what the first one lost."""
MARGIN = 1e-7
"""What a bound must exceed the best plan by before anything is dropped."""
MODEL_ERROR = 1e-7
"""How far the model may value a plan below its exact value before the plan is cut off and searched again."""
OPENED = 1e-7
"""How far, relative to limits of at least 1, what a fleet shares is opened in the search."""
STRICTLY = 1e-7
"""Prices of plans of a fleet this close count as equal: a strictly better plan is better by more."""
BOUNDS_MET = 1e-7
"""Relaxation and bound of a fleet this close have met."""
NEGLIGIBLE = 1e-7
"""Share of the latency limit that is too little to rent a machine for."""
MOMENT = 1e-7
"""Seconds; moments closer than this are one."""
BOX_STEP = 1.2e-7
"""Least step between points of a front by boxes: above what limits are opened by in the model."""

# Where a choice is made, or more room given than any of the above: no proof hangs on how much

DEFAULT_GAP = 1e-6
"""Gap at which a plan counts as optimal, where none is asked for."""
WITHIN = 1e-6
"""How far above a solution known others are looked for, and below HiGHS's bound a check may stay."""
CERTAIN = 1e-6
"""How far a floor must be out of reach before an end is left out: more than any rounding and any room."""
INTEGRAL = 1e-6
"""Absolute: what a whole variable may be off by and still count as whole."""
CUT_DEPTH = 1e-6
"""A line of a convex function is added where it is missed by more."""
UNCHANGED = 1e-6
"""Values this close are the same where it is told what a change brings."""
LACKING = 1e-6
"""What a fleet may lack of what is shared, in its units, and still fit."""
SHARES = 1e-6
"""Absolute: shares of a forecast sum up to 1 within this; they come from others' programs."""
NARROW = 1e-6
"""Intervals of a policy map this narrow are not halved: the step between their ends lies in them."""
SAME_DIRECTION = 1e-6
"""Absolute: directions of the thresholds' region this close are not proven twice."""
SHORTLY_S = 1e-6
"""Seconds; what is due at a moment has happened this much later."""
EVEN = 1e-6
"""The terms of a geometric sum that rise or fall by less than this over all of it are taken to do so by as much."""
RARE_WORK = 1e-5
"""Of the work of all requests, so little in what is left of the longest times is not looked at."""
HARDLY = 1e-6
"""Share of the requests for which it does not pay to let more wait."""
FULLEST = 1 - 1e-6
"""Load of a worker of machines alone, at most: at 1 a queue of random arrivals grows for ever."""
LEEWAY = 1e-5
"""What a search for a plan of a fleet may leave open; beyond, it was stopped."""
BISECTED = 1e-5
"""Absolute: a share found by bisection is known to this."""
WORTHLESS = 1e-5
"""Worths of a machine this small, of a slot's mean cost, are none."""
RANGES_GAP = 1e-4
"""Default gap where choices come from ranges."""
FLEET_GAP = 1e-4
"""Default gap of a fleet."""
PLANNER_GAP = 1e-3
"""Default gap of a planner's plans: what follows a decimal of a price is not worth the milliseconds."""
