"""Thresholds chosen on the samples themselves, all confidences together, with a proof.

    instance -> grid (what passes which threshold) and choices (placements as weights on reach)
             -> search (best first over placements; reach cuts bound them, diagrams prove thresholds)
             -> certify (floor beyond the samples) -> Plan

`diagram.py` holds the exact method for one placement, `region.py` what placements share.
"""
