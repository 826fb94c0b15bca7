"""How fast a function runs at each memory size: measured points, the law fitted to them, and the curve they make."""
