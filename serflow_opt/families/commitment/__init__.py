"""How much to commit to for one or three years, against a demand that comes and goes."""
