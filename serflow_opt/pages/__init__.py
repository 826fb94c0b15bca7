"""Answers as pages for a browser: one file each, which fetches nothing and runs nothing that came from a file."""

from serflow_opt.pages.page import page_of, write_page
from serflow_opt.pages.shown import NotebookPage, show

__all__ = ["NotebookPage", "page_of", "show", "write_page"]
