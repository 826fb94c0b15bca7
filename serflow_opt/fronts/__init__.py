"""Several objectives: fronts by labels, placement by placement, or box by box."""
