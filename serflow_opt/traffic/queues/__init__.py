"""What requests wait in front of identical servers: Poisson arrivals, first come first served, room for some or all."""
