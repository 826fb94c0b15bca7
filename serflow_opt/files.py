"""Write files whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from serflow_opt.errors import InputError, Problem


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside the target and move it into place when it is complete.

    Raises
    ------
    InputError
        When the folder does not exist or cannot be written to.
    """
    if path.is_dir():
        raise InputError([Problem(str(path), "", "is a folder", "name a file")])
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        found = f"cannot write there ({error.strerror})"
        raise InputError([Problem(str(path), "", found, "choose a folder that exists and is writable")]) from None
    os.close(handle)
    draft = Path(name)
    try:
        write(draft)
        mask = os.umask(0)
        os.umask(mask)
        draft.chmod(0o666 & ~mask)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_rows(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """Write a CSV table, atomically; None stays empty.

    Parameters
    ----------
    path
        File to write.
    columns
        Names of columns, in order.
    rows
        Cells by column.

    Raises
    ------
    InputError
        Where the file cannot be written.
    """

    def write(draft: Path) -> None:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)

    write_atomically(path, write)


MAX_BYTES = 50_000_000
"""No table of stages, exits, samples or times comes near this; a bigger file is the wrong file."""


RELATIVE = "check the name; paths are relative to the instance file"


def read_text(path: Path, problems: list[Problem], absent: str = RELATIVE) -> str | None:
    """Return a file's text, or None after saying why it cannot be read; `absent` is the cure when there is none.

    Parameters
    ----------
    path
        File to read, UTF-8.
    problems
        Takes what is wrong.
    absent
        The cure where there is no such file.
    """

    def wrong(found: str, cure: str) -> None:
        problems.append(Problem(str(path), "", found, cure))

    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            wrong(f"{size / 1e6:.0f} MB", f"files here hold at most {MAX_BYTES / 1e6:.0f} MB: is it the right file?")
            return None
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        wrong("no such file", absent)
    except UnicodeDecodeError as error:
        wrong(f"byte {error.object[error.start]:#04x} at offset {error.start} is not UTF-8", "save the file as UTF-8")
    except ValueError:
        wrong("no file can have this name", absent)
    except OSError as error:
        wrong(f"cannot be read ({error.strerror})", "give a readable file")
    return None


def read_json(path: str | Path, cure: str, what: str) -> dict[str, Any]:
    """Read a file that holds one JSON document.

    Parameters
    ----------
    path
        File to read.
    cure
        What it should hold.
    what
        That in a word.

    Raises
    ------
    InputError
        For a file that cannot be read or holds something else; `cure` says what it should hold, `what` in a word.
    """

    problems: list[Problem] = []
    text = read_text(Path(path), problems, cure)
    if text is None:
        raise InputError(problems)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        found = f"not JSON (line {error.lineno}: {error.msg})"
        raise InputError([Problem(str(path), "", found, cure)]) from None
    except RecursionError:
        raise InputError([Problem(str(path), "", "nested without end", cure)]) from None
    if not isinstance(document, dict):
        kind = "a list" if isinstance(document, list) else f"{document!r:.40}"
        raise InputError([Problem(str(path), "", kind, f"give the document of one {what.lower()}")])
    return document
