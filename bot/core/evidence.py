"""Statistics that stay honest however often somebody looks. Pure.

A fixed-sample test that is looked at every day calls far more than its 5 % of equal arms different. Here each arm's successes
are weighed by a mixture over all rates (Beta(1/2, 1/2), Krichevsky and Trofimov 1981) against a supposed rate. For the true
rates the product of the arms' ratios is a martingale that starts at 1, so by Ville's inequality (1939) it ever reaches 1/alpha
with a chance of alpha at most: at every look at once, for every sample size, and with no approximation (Robbins 1970, "Statistical
methods related to the law of the iterated logarithm"; Wasserman, Ramdas and Balakrishnan 2020, "Universal inference";
Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences").
Counts per arm are tested against shares by the same means (Lindon and Malek 2022, "Anytime-valid inference for multinomial
count data"). What is assumed: an arm's rate does not change while the experiment runs, and one person does not sway another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, inf, lgamma, log

PRIOR = 0.5
"""Of both sides of the Beta and of each place of the Dirichlet mixture."""
HALVINGS = 50
"""A difference of rates is found to 2**-50."""
GOLDEN = 0.6180339887498949
NARROWINGS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many people of an arm are settled, and for how many of them something happened. Raises `ValueError` if more."""

    people: int
    hits: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.people:
            raise ValueError(f"{self.hits} of {self.people} people")

    @property
    def rate(self) -> float:
        """From 0 to 1; 0 where nobody is settled."""
        return self.hits / self.people if self.people else 0.0


def _log_mixture(count: Count) -> float:
    """The log likelihood of one order of these hits under the mixture over all rates."""
    misses = count.people - count.hits
    return (
        lgamma(count.hits + PRIOR)
        + lgamma(misses + PRIOR)
        - lgamma(count.people + 2 * PRIOR)
        - 2 * lgamma(PRIOR)
        + lgamma(2 * PRIOR)
    )


def _times_log(times: float, value: float) -> float:
    """times * log(value), where 0 * log(0) is 0."""
    if times == 0:
        return 0.0
    return times * log(value) if value > 0 else -inf


def _log_likelihood(count: Count, rate: float) -> float:
    return _times_log(count.hits, rate) + _times_log(count.people - count.hits, 1 - rate)


def log_evidence(a: Count, b: Count) -> float:
    """The log of the evidence that the rates differ; for equal ones it ever exceeds log(1/alpha) with a chance of alpha at most."""
    both = Count(people=a.people + b.people, hits=a.hits + b.hits)
    return _log_mixture(a) + _log_mixture(b) - _log_likelihood(both, both.rate)


def difference(a: Count, b: Count, *, alpha: float) -> tuple[float, float]:
    """Lowest and highest b - a (of rates, so from -1 to 1) that may still be true.

    The true difference is within these bounds at every look at once with a chance of at least 1 - alpha.
    """
    _check(alpha)
    ceiling = _log_mixture(a) + _log_mixture(b) + log(alpha)

    def possible(gap: float) -> bool:
        return _best_log_likelihood(a, b, gap) > ceiling

    seen = b.rate - a.rate if a.people and b.people else 0.0
    return _edge(possible, seen, -1.0), _edge(possible, seen, 1.0)


def _best_log_likelihood(a: Count, b: Count, gap: float) -> float:
    """The largest likelihood over all rates of `a`, the rate of `b` being larger by `gap`; concave in it, so found by narrowing."""
    low, high = max(0.0, -gap), min(1.0, 1.0 - gap)

    def at(rate: float) -> float:
        return _log_likelihood(a, rate) + _log_likelihood(b, min(1.0, max(0.0, rate + gap)))

    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = at(left), at(right)
    best = max(at(low), at(high), at_left, at_right)
    for _ in range(NARROWINGS):
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = at(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = at(left)
        best = max(best, at_left, at_right)
    return best


def _edge(possible: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where `possible` stops to hold on the way outside; told from the side that is not possible, so never too narrow."""
    if possible(outside):
        return outside
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if possible(middle):
            inside = middle
        else:
            outside = middle
    return outside


def log_mismatch(people: Sequence[int], shares: Sequence[int]) -> float:
    """The log of the evidence that people were not split by these shares (each above 0), at every look at once.

    Raises `ValueError` for lists of unequal length or a share below 1.
    """
    if len(people) != len(shares) or any(share < 1 for share in shares):
        raise ValueError("each arm has a count of people and a share of 1 or more")
    places = len(people) * PRIOR
    mixed = lgamma(places) - lgamma(sum(people) + places) + sum(lgamma(n + PRIOR) - lgamma(PRIOR) for n in people)
    return mixed - sum(n * log(share / sum(shares)) for n, share in zip(people, shares, strict=True))


def p_value(log_of_evidence: float) -> float:
    """A p-value that may be read at any time: 1 over the evidence, and 1 at most."""
    return exp(-max(0.0, log_of_evidence))


def _check(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is between 0 and 1, not {alpha}")
