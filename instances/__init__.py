"""Placement problems from published networks and measurements; `architectures` counts their work."""
