"""Who is signed in, as every page of the staff knows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from btb_pro import clock
from btb_pro.roles import PERMISSIONS, Permission, Role
from btb_pro.services.audit import Actor

CONFIRMED_FOR = timedelta(minutes=15)
"""How long after giving the password a person may do what it is asked for anew."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A member of staff at work, as the account is at this request."""

    session_id: int
    staff_id: int
    email: str
    name: str
    role: Role
    language: str | None
    sites: frozenset[str] | None
    """Codes of the hospitals; None for all."""
    confirmed_at: datetime
    """When the password was given last in this browser."""

    def may(self, permission: Permission) -> bool:
        """Whether the role has a permission."""
        return permission in PERMISSIONS[self.role]

    def is_confirmed(self) -> bool:
        """Whether the password was given so lately that it need not be asked for before a grave act."""
        return clock.now() < self.confirmed_at + CONFIRMED_FOR

    def works_for(self, site: str) -> bool:
        """Whether participants of a hospital are this person's to see."""
        return self.sites is None or site in self.sites

    @property
    def actor(self) -> Actor:
        """This person in the audit trail, with role and hospitals as they are now."""
        return staff_actor(self.email, self.role.value, self.sites)


def staff_actor(email: str, role: str, sites: frozenset[str] | None) -> Actor:
    """A member of staff in the audit trail; no codes of hospitals when it is all of them."""
    return Actor("staff", email, role, "" if sites is None else " ".join(sorted(sites))[:26])
