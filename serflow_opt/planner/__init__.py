"""The embedded planner: warm answers to changing questions, and policies by rate or latency bound."""
