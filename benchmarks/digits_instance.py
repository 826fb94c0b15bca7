"""The instance of the digits network that real processes serve, but for its tiers and links."""

from __future__ import annotations

HEAD = """schema = 1
name = "{name}"

[network]
stages = "stages.csv"
input_bytes = 3136

[exits]
samples = "samples.csv"
classifier_stages = [1, 2, 4, 6]
levels = 8

[workload]
rate_per_s = {rate}
accuracy_min = {accuracy}
latency_slo_ms = {slo}
latency_measure = "p95"

"""
TAIL = """[objective]
minimize = "cost"
accounting = "reserved"
"""
