"""What an attacker reads out of a hand-over, and what protects it."""
