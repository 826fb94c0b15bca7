"""Why there is no plan: which limits clash, and the least change that makes one."""
