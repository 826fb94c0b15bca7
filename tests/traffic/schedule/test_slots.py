"""Slots of time: numbers of machines and rentals are the same."""

from __future__ import annotations

import numpy as np
from support.mix_cases import slots_of


def test_numbers_and_plans_are_one() -> None:
    """Numbers of machines turned into rentals and back are the same numbers."""
    slots = slots_of([5, 9, 14, 3, 0, 8], [2.0, 3.0, 7.0], start_s=1.0)
    numbers = np.minimum(np.random.default_rng(0).integers(0, 3, (len(slots), 3)), slots.most)
    assert (slots.numbers(slots.plan(numbers)) == numbers).all()
