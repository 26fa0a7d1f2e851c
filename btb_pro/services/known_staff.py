"""Finding an account of the staff by its e-mail address."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.staff import Staff
from btb_pro.refusals import PlainRefusal


class StaffUnknown(PlainRefusal):
    """There is no such account."""

    def __init__(self, email: str) -> None:
        super().__init__(f"There is no account {email}: see btb-pro user list.")


def find_staff(session: Session, email: str) -> Staff:
    """The account of an e-mail address, however it is written.

    Raises:
        StaffUnknown: there is none.
    """
    found = staff_of_email(session, email)
    if found is None:
        raise StaffUnknown(email.strip())
    return found


def staff_of_email(session: Session, email: str) -> Staff | None:
    """The account of an e-mail address, or None."""
    query = select(Staff).where(Staff.email == email.strip().lower())
    return session.execute(query).scalar_one_or_none()
