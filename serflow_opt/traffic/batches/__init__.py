"""Blocks that take several requests at once: batches that wait to fill, shrink as requests leave, and are refilled.

`docs/exits-in-batches.md` says what a batch does. `filled.py` and `value.py` value a deployment from the service
alone; the search (`search.py`) finds it behind bounds (`lines.py`), with the models of `formulations/batches.py`.
"""
