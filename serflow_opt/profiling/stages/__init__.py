"""A network cut into stages."""
