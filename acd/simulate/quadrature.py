"""Integrals of smooth functions, by the Gauss–Legendre rule on intervals that are halved where needed."""

from __future__ import annotations

import math
from collections.abc import Callable

POINTS = 15
RELATIVE = 1e-13
DEPTH_MAX = 40


def _rule(points: int) -> tuple[tuple[float, float], ...]:
    """Nodes and weights on −1…1: the roots of the Legendre polynomial, by Newton's method.

    As in Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 25.4.29.
    """
    rule = []
    for i in range(1, points + 1):
        x = math.cos(math.pi * (i - 0.25) / (points + 0.5))
        while True:
            before, value = 1.0, x
            for k in range(2, points + 1):
                before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
            slope = points * (x * value - before) / (x * x - 1.0)
            step = value / slope
            x -= step
            if abs(step) < 1e-15:
                break
        rule.append((x, 2.0 / ((1.0 - x * x) * slope * slope)))
    return tuple(rule)


_RULE = _rule(POINTS)


def integral(function: Callable[[float], float], start: float, end: float) -> float:
    """∫ function from `start` to `end`, for a function that is nowhere negative."""
    if end <= start:
        return 0.0
    total, done = _panel(function, start, end), 0.0
    open_ = [(start, end, total, 0)]
    while open_:
        low, high, coarse, depth = open_.pop()
        middle = 0.5 * (low + high)
        left, right = _panel(function, low, middle), _panel(function, middle, high)
        error = abs(left + right - coarse)
        total += left + right - coarse
        if error <= RELATIVE * abs(total) or depth >= DEPTH_MAX:
            done += left + right
        else:
            open_ += [(low, middle, left, depth + 1), (middle, high, right, depth + 1)]
    return done


def _panel(function: Callable[[float], float], low: float, high: float) -> float:
    centre, half = 0.5 * (low + high), 0.5 * (high - low)
    return half * math.fsum(weight * function(centre + half * node) for node, weight in _RULE)
