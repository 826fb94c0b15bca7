"""Samples in a file of numpy: inputs and classes, with what is wrong with a file that has none."""

from __future__ import annotations

from typing import Any

import numpy as np

from serflow_opt.errors import InputError, Problem

NAMES = ("inputs", "labels")


def read_npz(
    file: str, cure: str = "give a file .npz with arrays inputs and labels, of numpy.savez"
) -> tuple[Any, Any]:
    """Return the arrays `inputs` and `labels` of a file.

    Parameters
    ----------
    file, cure
        Its path, and what could be given in its place.

    Raises
    ------
    InputError
        Where there is no such file, and for one that is none or lacks an array.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: np.asarray(arrays[name]) for name in NAMES if name in arrays}
            held = ", ".join(arrays.files) or "nothing"
    except FileNotFoundError:
        raise InputError([Problem(file, "", "no such file", cure)]) from None
    except Exception as error:  # numpy raises many kinds: not a zip, cut short, a single array, pickled objects
        # not in numpy's words, which offer to load pickled objects
        raise InputError([Problem(file, "", f"not a .npz file ({type(error).__name__})", cure)]) from None
    if missing := [repr(name) for name in NAMES if name not in found]:
        raise InputError([Problem(file, "", f"no array {' nor '.join(missing)}: it holds {held}", cure)])
    return found["inputs"], found["labels"]
