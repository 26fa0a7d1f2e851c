"""docs/roles.md is what the code says."""

from btb_pro.roles import Permission
from tests.guards.roles_page import PAGE, explained, page


def test_the_page_is_made_from_the_code_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make roles"


def test_what_the_code_says_of_a_permission_is_on_the_page() -> None:
    assert explained()[Permission.KEY_PAPER] == "Write only: no answer is ever shown."
    assert all(permission.value in page() for permission in Permission)
