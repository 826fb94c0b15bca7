"""The tolerances of the package, in the order that they have to keep."""

from __future__ import annotations

EQUAL = 1e-9
"""Objectives this close, relative, are a tie: double precision tells them no further apart."""
