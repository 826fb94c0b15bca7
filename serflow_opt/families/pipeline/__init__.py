"""Pipelines of replicated stages: which layers train where, on how many workers of which type."""
