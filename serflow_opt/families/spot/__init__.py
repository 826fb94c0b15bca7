"""Machines on demand and on spot in one pool: how many of each keep a target though spot machines are taken away."""
