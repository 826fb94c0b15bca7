"""What is decided, what it is worth exactly (the witness, which shares nothing with the model), and its document."""
