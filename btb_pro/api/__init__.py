"""What other machines say: `/api/v1` for programs with a key, and reports of what became of a message."""
