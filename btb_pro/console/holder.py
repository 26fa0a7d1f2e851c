"""What Flask-Login holds in the browser's cookie."""

from btb_pro.services.staff_sessions import SignedIn


class Holder:
    """The secret of a session, and whom it stands for."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, secret: str, signed_in: SignedIn) -> None:
        self.secret = secret
        self.signed_in = signed_in

    def get_id(self) -> str:
        """The secret: the cookie names a session, never an account."""
        return self.secret
