"""Phases of a workflow on functions, with servers that can be kept from one to the next: workers, sizes and counts."""
