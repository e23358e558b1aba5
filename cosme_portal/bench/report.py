"""How a benchmark tells what it found: one line, and whether what is asked of it was kept."""

import statistics
import time
from collections.abc import Callable


def row(name: str, text: str, asked: str, is_met: bool) -> bool:
    print(f"  {name:46} {text:>26}   {asked:22} {'met' if is_met else 'NOT MET'}", flush=True)
    return is_met


def baseline(name: str, text: str) -> None:
    """What the lines below it are compared with."""
    row(f"Baseline: {name}", text, "", True)


def ratio(name: str, result: float, baseline_rate: float, most: float) -> bool:
    """Both as a rate (something a second); at least one part in `most` of the baseline is required."""
    text = f"{result:.0f}/s, 1 : {baseline_rate / result:.1f}"
    return row(name, text, f"at least 1 : {most:.0f}", result * most >= baseline_rate)


def seconds_of(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def alternately(*works: Callable[[], object], turns: int = 7) -> list[float]:
    """The median time of each in seconds, taken in turns so that a noisy minute hits all alike."""
    times: list[list[float]] = [[] for _work in works]
    for _turn in range(turns):
        for place, work in enumerate(works):
            times[place].append(seconds_of(work))
    return [statistics.median(time) for time in times]
