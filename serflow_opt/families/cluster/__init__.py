"""Instances of networks, of any batch and size, started and packed on servers so that rates are served in time."""
