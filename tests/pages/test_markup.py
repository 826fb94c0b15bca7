"""Elements as text."""

from __future__ import annotations

from serflow_opt.pages.markup import Markup, facts, section, table, tag, tiles


def test_text_is_escaped_and_markup_is_not() -> None:
    """A name that looks like an element, or that ends an attribute, stays a name."""
    assert tag("p", "<script>") == "<p>&lt;script&gt;</p>"
    assert tag("p", tag("b", "&")) == "<p><b>&amp;</b></p>"
    assert tag("a", "x", href='"onclick="') == '<a href="&quot;onclick=&quot;">x</a>'


def test_attributes() -> None:
    """Keywords of Python end in _, what is None or False is left out, True has no value, shapes end themselves."""
    assert (
        tag("input", data_n=1, class_="c", hidden=True, min=None, max=False) == '<input data-n="1" class="c" hidden/>'
    )


def test_what_is_empty_is_left_out() -> None:
    """Facts of which nothing is known, and parts with nothing in them."""
    assert facts([("a", ""), ("b", "1")]).count("<div>") == 1
    assert section("Title", Markup("")) == ""
    assert tiles([("a", ""), ("b", "1")]).count('tile"') == 1


def test_words_read_from_the_left() -> None:
    """Columns of words are marked, others hold figures."""
    assert table(("a", "b"), [("x", "1")], ("a",)).count('class="w"') == 2
