"""The one way to HiGHS: matrices, scaling, options, and proofs that do not rest on a solver's word."""
