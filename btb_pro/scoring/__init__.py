"""Scores from answers, by published rules. Pure: the same answers always give the same scores."""
