"""The command `serflow-opt`, one command a file."""
