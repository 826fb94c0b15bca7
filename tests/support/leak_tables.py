"""Tables of leaks made by hand."""

from __future__ import annotations

from dataclasses import replace

from serflow_opt.problem.privacy_table import PrivacyRow

PLAIN = PrivacyRow(0, "none", 0.0, None, None, 0.0, 0.0, 1.0, 0.0, 0.1, 0.0, 0.97, 0.0, 0.0, 3)
NOISY = PrivacyRow(1, "laplace", 0.5, 8.0, 2.0, 0.03, 0.001, None, None, 0.25, None, 0.9, 0.01, 700.0, 3)


def errors(*rows: tuple[int, float, float, float | None]) -> list[PrivacyRow]:
    """Rows of cut, scale, mse, sd."""
    return [
        replace(
            PLAIN,
            cut=cut,
            protection="distance-correlation" if scale else "none",
            scale=scale,
            mse=mse,
            mse_sd=sd,
        )
        for cut, scale, mse, sd in rows
    ]
