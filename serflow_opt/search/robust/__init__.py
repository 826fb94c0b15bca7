"""Plans for data that may turn out otherwise than believed: within a budget of deviations, or in scenarios."""
