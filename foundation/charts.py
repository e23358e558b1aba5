"""Charts as shapes: what a template draws as SVG. Nothing here knows what is counted.

Each chart has its figures in a table beside it, so that nobody depends on colours or on seeing.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

# Where a country is on the tile map, by its EU code: column and row, roughly as on a map of Europe.
TILES: Mapping[str, tuple[int, int]] = {
    "IS": (0, 0), "NO": (4, 0), "SE": (5, 0), "FI": (6, 0),
    "EE": (7, 1),
    "IE": (0, 2), "UK": (1, 2), "DK": (4, 1), "LV": (7, 2),
    "NL": (3, 2), "DE": (4, 2), "PL": (5, 2), "LT": (6, 2),
    "BE": (2, 3), "LU": (3, 3), "CZ": (4, 3), "SK": (5, 3), "UA": (7, 3),
    "FR": (2, 4), "CH": (3, 4), "LI": (4, 4), "AT": (5, 4), "HU": (6, 4), "RO": (7, 4), "MD": (8, 4),
    "PT": (0, 5), "ES": (1, 5), "IT": (3, 5), "SI": (4, 5), "HR": (5, 5), "RS": (6, 5), "BG": (7, 5),
    "BA": (5, 6), "ME": (6, 6), "XK": (7, 6), "MK": (8, 6), "TR": (9, 6), "GE": (9, 5), "AM": (10, 6),
    "MT": (3, 7), "AL": (6, 7), "EL": (7, 7), "CY": (9, 7), "IL": (10, 7),
}  # fmt: skip
STEPS = 4  # shades of the map above none


@dataclass(frozen=True)
class Bar:
    """A rectangle; `name` says which part it is, for its colour."""

    x: float
    y: float
    width: float
    height: float
    name: str
    count: int


@dataclass(frozen=True)
class Column:
    """The bars over one place of the axis, from the bottom up."""

    label: str
    x: float
    bars: list[Bar]
    total: int
    has_label: bool


@dataclass(frozen=True)
class Columns:
    width: float
    height: float
    step: float
    columns: list[Column]
    most: int

    @property
    def full_width(self) -> int:
        """With room for the axis and the last label."""
        return int(self.width) + 90


COLUMN_HEIGHT = 120.0
MAX_WIDTH = 720.0
WIDEST_STEP = 52.0  # room for a label below each
MAX_LABELS = 8


def columns(rows: Sequence[tuple[str, Counter[Any]]], names: Sequence[Hashable]) -> Columns:
    """Stacked columns over time: a row for each place of the axis."""
    most = max((sum(count.values()) for _label, count in rows), default=0)
    step = min(WIDEST_STEP, MAX_WIDTH / max(len(rows), 1))
    every = max(1, -(-len(rows) // MAX_LABELS))
    made = []
    for place, (label, count) in enumerate(rows):
        bars, y, x = [], COLUMN_HEIGHT, round(place * step, 2)
        for name in names:
            height = round(COLUMN_HEIGHT * count[name] / most, 2) if most else 0.0
            y = round(y - height, 2)
            if count[name]:
                bars.append(Bar(x, y, round(step * 0.86, 2), height, str(name), count[name]))
        made.append(Column(label, x, bars, sum(count.values()), place % every == 0))
    return Columns(round(step * len(rows), 2), COLUMN_HEIGHT, step, made, most)


@dataclass(frozen=True)
class ChartLine:
    """A labelled bar that lies, in parts."""

    label: str
    bars: list[Bar]
    total: int


LINE_WIDTH = 300.0


def lines(rows: Sequence[tuple[str, Counter[str]]], names: Sequence[str]) -> list[ChartLine]:
    """Lying bars, the longest as wide as the chart."""
    most = max((sum(count[name] for name in names) for _label, count in rows), default=0)
    made = []
    for label, count in rows:
        bars, x = [], 0.0
        for name in names:
            width = round(LINE_WIDTH * count[name] / most, 2) if most else 0.0
            if count[name]:
                bars.append(Bar(round(x, 2), 0, width, 14, name, count[name]))
            x += width
        made.append(ChartLine(label, bars, sum(count[name] for name in names)))
    return made


@dataclass(frozen=True)
class BurnDown:
    """What is open day by day, as the points of a line; `plan` is the straight line to the planned day."""

    points: str
    plan: str
    most: int
    days: list[tuple[date, int]]
    first: date
    last: date
    width: float = MAX_WIDTH
    height: float = COLUMN_HEIGHT


def burn_down(total: int, days: Sequence[tuple[date, int]], planned: int | None) -> BurnDown:
    """A line from day to day, and one from all on the first day to none on day number `planned`.

    `days` of the result are those on which something changed, for the table.
    """
    span = max(len(days) - 1, planned or 0, 1)
    step = MAX_WIDTH / span

    def point(day: float, count: int) -> str:
        height = COLUMN_HEIGHT * count / total if total else 0.0
        return f"{round(day * step, 2)},{round(COLUMN_HEIGHT - height, 2)}"

    plan = f"{point(0, total)} {point(planned, 0)}" if planned is not None and planned > 0 else ""
    first = days[0][0]
    changed, before = [], total
    for day, count in days:
        if count != before or day in {first, days[-1][0]}:
            changed.append((day, count))
        before = count
    return BurnDown(
        points=" ".join(point(number, count) for number, (_day, count) in enumerate(days)),
        plan=plan,
        most=total,
        days=changed,
        first=first,
        last=first + timedelta(days=span),
    )


@dataclass(frozen=True)
class Tile:
    code: str
    name: str
    x: int
    y: int
    count: int
    shade: int


TILE = 44


def tile_map(counts: Mapping[str, int], names: Mapping[str, str]) -> list[Tile]:
    """A tile of one size for each country, so that a small one is seen as well as a large one."""
    most = max(counts.values(), default=0)
    return [
        Tile(
            code,
            names.get(code, code),
            column * TILE,
            row * TILE,
            counts.get(code, 0),
            _shade(counts.get(code, 0), most),
        )
        for code, (column, row) in TILES.items()
    ]


def _shade(count: int, most: int) -> int:
    """0 for none, else 1 to STEPS."""
    return -(-count * STEPS // most) if count else 0


@dataclass(frozen=True)
class Span:
    """What a row of a Gantt chart shows: a bar from one place to another, both included, or a mark."""

    label: str
    first: int | None = None
    last: int | None = None
    mark: int | None = None


@dataclass(frozen=True)
class GanttRow:
    """A row: its label in the middle at `middle`, and a bar or the corners of a diamond."""

    label: str
    middle: float
    bar: Bar | None
    diamond: str

    @property
    def baseline(self) -> float:
        """Where the label is written."""
        return self.middle + LABEL_DROP


@dataclass(frozen=True)
class Tick:
    label: str
    x: float


@dataclass(frozen=True)
class Gantt:
    """Rows over numbered places of time; `end` is where the time that was agreed ends, None if unknown."""

    width: float
    height: float
    left: float
    top: float
    rows: list[GanttRow]
    ticks: list[Tick]
    end: float | None

    @property
    def beyond(self) -> float:
        """How much of the chart lies after the end."""
        return 0.0 if self.end is None else round(self.left + self.width - self.end, 2)

    @property
    def full_width(self) -> int:
        return int(self.left + self.width) + GANTT_MARGIN

    @property
    def full_height(self) -> int:
        return int(self.top + self.height) + GANTT_MARGIN // 2

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def right(self) -> float:
        return self.left + self.width


GANTT_WIDTH = 640.0
GANTT_LEFT = 44.0  # room for a label such as D12
GANTT_TOP = 24.0  # and for the numbers of the months
GANTT_ROW = 24.0
GANTT_BAR = 14.0
GANTT_MARGIN = 16
DIAMOND = 7.0
LABEL_DROP = 4.0
TICK_STEPS = (1, 3, 6, 12, 24, 60, 120)
MAX_TICKS = 14


def gantt(spans: Sequence[Span], *, end: int | None) -> Gantt:
    """Bars and diamonds below one another; `end` is the last place of the time that was agreed."""
    last = max([span.last or span.mark or 1 for span in spans] + [end or 1])
    place = GANTT_WIDTH / last

    def x_after(number: int) -> float:
        return round(GANTT_LEFT + number * place, 2)

    rows = [_gantt_row(span, number, x_after) for number, span in enumerate(spans)]
    step = next((size for size in TICK_STEPS if last / size <= MAX_TICKS), TICK_STEPS[-1])
    ticks = [Tick(str(number), x_after(number)) for number in range(step, last + 1, step)]
    height = GANTT_ROW * len(spans)
    line = x_after(end) if end is not None else None
    return Gantt(GANTT_WIDTH, height, GANTT_LEFT, GANTT_TOP, rows, ticks, line)


def _gantt_row(span: Span, number: int, x_after: Callable[[int], float]) -> GanttRow:
    middle = GANTT_TOP + GANTT_ROW * (number + 0.5)
    bar, diamond = None, ""
    if span.first is not None and span.last is not None:
        x = x_after(span.first - 1)
        width = round(max(x_after(span.last) - x, 1.0), 2)
        bar = Bar(x, middle - GANTT_BAR / 2, width, GANTT_BAR, span.label, 1)
    if span.mark is not None:
        x = x_after(span.mark)
        corners = [(0.0, -DIAMOND), (DIAMOND, 0.0), (0.0, DIAMOND), (-DIAMOND, 0.0)]
        diamond = " ".join(f"{x + right:g},{middle + down:g}" for right, down in corners)
    return GanttRow(span.label, middle, bar, diamond)
