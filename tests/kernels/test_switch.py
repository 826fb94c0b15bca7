"""Who decides whether kernels run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
from serflow_opt import kernels
from serflow_opt.cli.versions import installed
print(kernels.compiled, installed()["kernels"])
"""


@pytest.mark.parametrize(("value", "said"), [("off", "False numpy, SERFLOW_OPT_KERNELS=off"), ("", "True compiled")])
def test_switch(value: str, said: str) -> None:
    """The environment turns them off, and `versions` says so."""
    environment = {**os.environ, "SERFLOW_OPT_KERNELS": value}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", CODE], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == said
