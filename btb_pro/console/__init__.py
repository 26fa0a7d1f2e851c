"""The staff's face."""
