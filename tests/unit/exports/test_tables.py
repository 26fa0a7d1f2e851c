"""What a phone said of its own clock."""

import pytest

from btb_pro.exports.tables import device_offset


@pytest.mark.parametrize(
    ("device_at", "offset"),
    [
        ("2026-03-27T11:00:09+01:00", "+01:00"),
        ("2026-03-27T11:00:09.123-03:30", "-03:30"),
        ("2026-03-27T10:00:09Z", "+00:00"),
        ("2026-03-27T10:00:09", ""),
        ("2026-03-27", ""),
        ("2026-03-27T10:00:09+01:00\n", ""),
        ("yesterday", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_offset_is_what_the_phone_said_or_nothing(device_at: str | None, offset: str) -> None:
    assert device_offset(device_at) == offset
