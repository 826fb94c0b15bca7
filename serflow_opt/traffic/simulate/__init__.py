"""A service under traffic, request by request."""
