"""The plot stays within its frame and tells numbers apart, whatever they are."""

from hypothesis import given
from hypothesis import strategies as st

from btb_pro.console.plot import HEIGHT, WIDTH, draw

NUMBER = st.integers(0, 10**6)
ROWS = st.integers(1, 40).flatmap(
    lambda weeks: st.lists(st.lists(NUMBER, min_size=weeks, max_size=weeks), min_size=1, max_size=3)
)


@given(ROWS)
def test_every_point_lies_within_the_frame_and_more_lies_higher(rows: list[list[int]]) -> None:
    plot = draw([(f"line{at}", numbers) for at, numbers in enumerate(rows)])
    for line, numbers in zip(plot.lines, rows, strict=True):
        points = [tuple(map(float, pair.split(","))) for pair in line.path.split()]
        assert len(points) == len(numbers)
        assert all(plot.left <= x <= plot.right <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
        for (_, y), number in zip(points, numbers, strict=True):
            assert all((number > other) <= (y <= at) for (_, at), other in zip(points, numbers, strict=True))
        assert len(line.marks) == sum(number > 0 for number in numbers)


@given(NUMBER)
def test_the_scale_holds_the_largest_number_and_its_ticks_are_whole(largest: int) -> None:
    ticks = draw([("line", [largest])]).ticks
    assert [tick.number for tick in ticks] == [0, ticks[2].number // 2, ticks[2].number]
    assert ticks[2].number % 2 == 0
    assert largest <= ticks[2].number <= max(2, 2.5 * largest)
