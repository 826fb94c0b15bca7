"""Exact search where machines are rented whole: bounds at fractional rents, then numbers of machines and thresholds.

A placement has a column for what is paid by use, one for the machines of each tier, and one for each limit.
`columns.py` reads them off the arrays of the chain, `search.py` searches, `groups.py` rules out placements with the
same types of machines at once, most by `floors.py` alone, `ties.py` looks for equally good plans.

For all rates at once, `curves.py` and `neighbours.py` find what mixes of thresholds cost beside how busy they keep
machines; `frontier.py` is the least of that.
"""
