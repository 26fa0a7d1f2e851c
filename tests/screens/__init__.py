"""Pictures of every page of the participant's way, in each language and state, beside each other."""
