"""The embedded planner: warm answers to changing questions, and policies by rate or latency bound."""

from typing import TYPE_CHECKING

from serflow_opt.ground.moved import old_names

if not TYPE_CHECKING:
    __getattr__ = old_names(__name__)
