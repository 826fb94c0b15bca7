"""Independent oracles: small, slow and plain programs that the package is compared with."""
