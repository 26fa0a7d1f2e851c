"""What all refusals have in common that a person is told word for word."""


class PlainRefusal(Exception):
    """Something asked for is refused. The message is for whoever asked: what is wrong and what to do."""
