"""What is stored. One model a module; import the model's own module, nothing is gathered here."""
