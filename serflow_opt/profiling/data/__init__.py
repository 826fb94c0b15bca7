"""Samples to measure with."""
