"""Tables of batching instances: what excludes each other, and steps."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serflow_opt.families.batching.document import FunctionTable, SizesTable

SLICES = {"per_request_s": 0.1, "fixed_s": 0.1, "slice_s": 0.01, "whole_gb": 24}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"vcpus": [1], "gpu_gb": [1], "times": "t.csv"}, "either `vcpus` or `gpu_gb`"),
        ({"times": "t.csv"}, "either `vcpus` or `gpu_gb`"),
        ({"vcpus": [1]}, "either `times` or `gpu_times`"),
        ({"gpu_gb": [1], "times": "t.csv", "gpu_times": SLICES}, "either `times` or `gpu_times`"),
        ({"vcpus": [1], "gpu_times": SLICES}, "goes with `gpu_gb`"),
    ],
)
def test_a_function_has_one_kind_of_size_and_of_times(keys: dict[str, Any], said: str) -> None:
    """Two tables of times would leave open which one counts."""
    with pytest.raises(ValidationError, match=said):
        FunctionTable.model_validate({"name": "f", "batch": [1], **keys})


def test_steps_reach_their_end_in_spite_of_rounding() -> None:
    """0.05 to 1 by 0.05 are twenty promises, the last of them the whole target."""
    steps = SizesTable.model_validate({"from": 0.05, "to": 1.0, "step": 0.05}).values()
    assert len(steps) == 20
    assert (steps[0], steps[2], steps[-1]) == (0.05, 0.15, 1.0)
    assert SizesTable.model_validate({"from": 1, "to": 2, "step": 0.75}).values() == [1.0, 1.75]
