"""Operations, times, exits and training of a network."""
