"""What compressing a hand-over costs and keeps."""
