"""Data in: instance files, CSV tables and prices, read, checked, and resolved to an `Instance`."""
