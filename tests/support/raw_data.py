"""Where raw measurements lie that are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(os.environ.get("SERFLOW_OPT_DATA", Path(__file__).parents[3] / "shared" / "data"))
"""Where the raw samples lie; they carry no licence and are not part of the project."""
