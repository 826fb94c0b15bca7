"""Plans of task graphs run for real: kernels measured, the makespan predicted, tasks run, both side by side."""
