"""Graphs of tasks on functions or machines: blocked linear algebra, and graphs of one's own."""
