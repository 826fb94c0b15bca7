"""One event simulation for whatever waits for each other: tasks of a graph, rounds of a job, phases of a workflow."""
