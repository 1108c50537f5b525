"""Count, mean and central moments of numbers, mergeable without loss of digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class Moments:
    """Central moments up to the fourth.

    Merging follows Chan, Golub and LeVeque (1979) and Pebay, "Formulas for robust, one-pass parallel computation of
    covariances and arbitrary-order statistical moments" (SAND2008-6212): raw power sums would lose all digits on
    identifiers and epochs.
    """

    __slots__ = ("m2", "m3", "m4", "mean", "n")

    def __init__(self, n: int = 0, mean: float = 0.0, m2: float = 0.0, m3: float = 0.0, m4: float = 0.0) -> None:
        self.n, self.mean, self.m2, self.m3, self.m4 = n, mean, m2, m3, m4

    def update(self, values: np.ndarray[Any, Any]) -> None:
        """Add finite numbers."""
        if len(values) == 0:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(np.mean(values, dtype=np.float64))
            d = np.subtract(values, mean, dtype=np.float64)
            square = d * d
            m2 = float(square.sum())
            m3 = float(np.einsum("i,i->", square, d))
            m4 = float(np.einsum("i,i->", square, square))
        self.merge(Moments(len(values), mean, m2, m3, m4))

    @classmethod
    def of_counts(cls, values: np.ndarray[Any, Any], counts: np.ndarray[Any, Any]) -> Moments:
        """Return the moments of numbers that were seen ``counts`` times each; infinities are left out."""
        numbers = values.astype(np.float64)
        finite = np.isfinite(numbers)
        numbers, weights = numbers[finite], counts[finite].astype(np.float64)
        if len(numbers) == 0:
            return cls()
        with np.errstate(over="ignore", invalid="ignore"):
            n = weights.sum()
            middle = numbers[len(numbers) // 2]
            mean = middle + float(((numbers - middle) * weights).sum() / n)
            d = numbers - mean
            square = d * d * weights
            return cls(
                int(n), float(mean), float(square.sum()), float((square * d).sum()), float((square * d * d).sum())
            )

    def merge(self, other: Moments) -> None:
        """Add what another state has seen."""
        if other.n == 0:
            return
        if self.n == 0:
            self.n, self.mean, self.m2, self.m3, self.m4 = other.n, other.mean, other.m2, other.m3, other.m4
            return
        a, b = float(self.n), float(other.n)
        n = a + b
        delta = other.mean - self.mean
        step = delta / n
        self.m4 += (
            other.m4
            + delta * step**3 * a * b * (a * a - a * b + b * b)
            + 6 * step * step * (a * a * other.m2 + b * b * self.m2)
            + 4 * step * (a * other.m3 - b * self.m3)
        )
        self.m3 += other.m3 + delta * step * step * a * b * (a - b) + 3 * step * (a * other.m2 - b * self.m2)
        self.m2 += other.m2 + delta * step * a * b
        self.mean += step * b
        self.n += other.n

    @property
    def stddev(self) -> float | None:
        """The sample standard deviation (n - 1), as Spark's ``stddev``; None for fewer than two values."""
        return _finite(math.sqrt(self.m2 / (self.n - 1))) if self.n > 1 and self.m2 >= 0 else None

    @property
    def skewness(self) -> float | None:
        """The population skewness, as Spark's ``skewness``; None where the values do not vary."""
        if self.n < 2 or not 0 < self.m2 < math.inf:
            return None
        return _finite(math.sqrt(self.n) * self.m3 / self.m2**1.5)

    @property
    def kurtosis(self) -> float | None:
        """The excess kurtosis, as Spark's ``kurtosis``; None where the values do not vary."""
        if self.n < 2 or not 0 < self.m2 < 1e150:
            return None
        return _finite(self.n * self.m4 / (self.m2 * self.m2) - 3.0)

    def tree(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.n, self.mean, self.m2, self.m3, self.m4]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
