"""Pages as files: by themselves, and harmless whatever they were made of."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.pages import page_of, write_page

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return so.solve(tiny.two_stages()).to_dict()


def test_names_are_never_markup(document: dict[str, Any], read: Any) -> None:
    """Every text of a document is made an attack: the page has its own one script, no pictures, no handlers."""

    def spoilt(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: spoilt(own, name) for name, own in value.items()}
        if isinstance(value, list):
            return [spoilt(own, key) for own in value]
        free = ("instance", "option", "tier", "method", "scope", "notes", "from", "to", "unit")
        return EVIL if isinstance(value, str) and key in free else value

    for own in (spoilt(document), {"instance": EVIL, EVIL: [EVIL, {EVIL: EVIL}], "rows": [{EVIL: EVIL}]}):
        page = read(page_of(own))
        assert page.count("script") == 1
        assert page.count("img") == 0
        assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)
        assert "alert(1)" in page.text


def test_only_what_it_brings_may_run(document: dict[str, Any]) -> None:
    """The policy of contents names the digests of the script and the style that are in it, and nothing else."""
    page = page_of(document)
    for kind in ("script", "style"):
        found = re.search(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{kind}-src &#x27;sha256-{digest}&#x27;" in page
    assert "default-src &#x27;none&#x27;" in page


def test_nothing_is_fetched(document: dict[str, Any], read: Any) -> None:
    """No address of another file stands in it."""
    page = page_of(document)
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page
    assert not any({"src", "srcset"} & own.keys() for _, own in read(page).elements)


def test_a_file_is_written_of_a_file(document: dict[str, Any], tmp_path: Path) -> None:
    """The page of a file is that of its answer; other endings and files are refused with their name."""
    source, target = tmp_path / "plan.json", tmp_path / "plan.html"
    source.write_text(json.dumps(document), encoding="utf-8")
    write_page(source, target)
    assert target.read_text(encoding="utf-8") == page_of(document)
    with pytest.raises(InputError, match="html"):
        write_page(source, tmp_path / "plan.pdf")
    source.write_text('{"policies": [], "clairvoyant": 3}', encoding="utf-8")
    with pytest.raises(InputError, match=r"plan\.json"):
        write_page(source, target)
