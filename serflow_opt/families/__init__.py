"""Kinds of problems behind one set of verbs: what a family of problems brings, and the verbs that work on any."""
