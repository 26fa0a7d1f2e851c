"""What leaves the house: e-mail, SMS, and the words in them. Knows no rows and no web."""
