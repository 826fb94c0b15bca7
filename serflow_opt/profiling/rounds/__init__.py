"""Trains a network among simulated clients, and counts rounds."""
