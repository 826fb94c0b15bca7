"""Figures that papers print, recomputed: what comes out, what does not, and what cannot be known."""

from serflow_opt.claims.reproduce import reproduce

__all__ = ["reproduce"]
