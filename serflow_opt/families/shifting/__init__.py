"""When deferrable requests are served, and on how many machines, over hours whose grids are known."""
