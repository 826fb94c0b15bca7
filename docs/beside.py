"""For the site: READMEs of instances and notebooks, which stand beside docs/, as pages and files of it.

Links are those of the repository (`../instances/libra/README.md`), so that they lead somewhere there, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]


def on_files(files: Files, config: Any) -> Files:
    """Add what stands beside the docs."""
    for pattern in ("instances/*/README.md", "notebooks/*.ipynb"):
        for path in sorted(ROOT.glob(pattern)):
            files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **others: Any) -> str:
    """Lead links to where the files are in the site."""
    if page.file.src_uri.startswith("instances/"):
        return markdown.replace("](../../docs/", "](../../")
    return markdown.replace("](../instances/", "](instances/").replace("](../notebooks/", "](notebooks/")
