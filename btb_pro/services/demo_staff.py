"""The made-up study's staff: one account for each role, with a password that everybody may know."""

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import Staff
from btb_pro.roles import Role
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.demo_console import COLLEAGUE
from btb_pro.services.passwords import hash_password
from btb_pro.services.runtime import Runtime
from btb_pro.services.staff_accounts import StaffDetails, add_staff
from btb_pro.services.staff_sessions import SignedIn, find_staff

DEMO_PASSWORD = "elleve blå bølger"
_SITE_OF = {Role.INVESTIGATOR: 1, Role.MONITOR: 2}
"""For how many of the study's first hospitals a role works; the others for all."""
_NAMES = {
    Role.COORDINATOR: "Kari Koordinator",
    Role.INVESTIGATOR: "Idar Utprøver",
    Role.DATA_MANAGER: "Dina Data",
    Role.MONITOR: "Mona Monitor",
    Role.ADMIN: "Amund Admin",
}


def demo_colleague(session: Session, runtime: Runtime, role: Role) -> SignedIn:
    """The account of a role as if its owner were at work now."""
    found = find_staff(session, _email(role))
    sites = _sites_of(runtime, role)
    return SignedIn(0, found.id, found.email, found.name, role, None, sites, clock.now())


def add_demo_staff(session: Session, context: Context, runtime: Runtime) -> dict[str, Role]:
    """Add the accounts; e-mail address to role, in the order of the roles."""
    hashed = hash_password(DEMO_PASSWORD)
    made = {}
    for role in Role:
        sites, email = _sites_of(runtime, role), _email(role)
        staff: Staff = add_staff(session, context, runtime, email, StaffDetails(_NAMES[role], role, sites))
        with step(session, context, Tag.STAFF_PASSWORD) as event:
            staff.password_hash = hashed
            event.change("staff", staff.email, "password", None, "set anew")
        made[email] = role
    colleague = StaffDetails("Siri Studiesykepleier", Role.COORDINATOR, None)
    add_staff(session, context, runtime, COLLEAGUE, colleague)
    return made


def _email(role: Role) -> str:
    return f"{role.value}@demo.example"


def _sites_of(runtime: Runtime, role: Role) -> frozenset[str] | None:
    return frozenset(site.code for site in runtime.study.sites[: _SITE_OF.get(role, 0)]) or None
