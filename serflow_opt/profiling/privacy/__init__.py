"""What an attacker reads out of a hand-over, and what protects it."""

from typing import TYPE_CHECKING

from serflow_opt.ground.moved import old_names

if not TYPE_CHECKING:
    __getattr__ = old_names(__name__)
