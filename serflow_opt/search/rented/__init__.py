"""Exact search where machines are rented whole: bounds at fractional rents, then numbers of machines and thresholds.

A placement has a column for what is paid by use, one for the machines of each tier, and one for each limit.
`columns.py` reads them off the arrays of the chain, `search.py` searches, `ties.py` looks for equally good plans.
"""
