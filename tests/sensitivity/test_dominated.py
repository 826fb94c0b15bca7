"""Options that are never needed."""

from __future__ import annotations

from dataclasses import replace

from support import tiny

from serflow_opt.sensitivity.dominated import dominated


def test_options_that_are_never_needed() -> None:
    """A copy that costs more is beaten by the first; a faster, dearer one is not; of equal ones the first stays."""
    instance = tiny.two_stages()
    v, f = instance.options
    dear, fast, same = (
        replace(v, name="dear", usd_per_s=0.75),
        replace(v, name="fast", usd_per_s=0.75, stage_seconds=(0.5, 2.0)),
        replace(v, name="same"),
    )
    found = dominated(replace(instance, options=(dear, v, fast, same, f)))
    assert found == {("vm", "dear"): "v", ("vm", "same"): "v"}
