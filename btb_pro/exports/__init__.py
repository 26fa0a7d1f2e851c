"""What leaves the system: rows read once into a data set, and formats that are functions of it."""
