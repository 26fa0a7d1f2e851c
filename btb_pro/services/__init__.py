"""What can be done: verbs, the only writers of rows, each with errors named after the fact."""
