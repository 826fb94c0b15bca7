"""What the best plan beats, what its limits cost, and what a relaxed limit buys."""
