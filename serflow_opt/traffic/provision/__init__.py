"""Blocks, machines, functions and thresholds for a demand, proven."""
