"""What other machines say to us: reports of what became of a message."""
