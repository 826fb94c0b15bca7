"""Classes that had other names before are found by these, with a warning."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from serflow_opt.profiling import settings
from serflow_opt.profiling.measure import training


def test_the_old_names_still_give_the_classes() -> None:
    """`Settings` and `Training` are the classes that are called by two words now."""
    with pytest.warns(DeprecationWarning, match="is now serflow_opt.profiling.settings.ProfileSettings;"):
        assert settings.Settings is settings.ProfileSettings
    with pytest.warns(DeprecationWarning, match="is now serflow_opt.profiling.measure.training.TrainingSettings;"):
        assert training.Training is training.TrainingSettings
