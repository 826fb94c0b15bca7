"""Applications that share a network, put into groups whose requests run in batches on functions of a menu."""
