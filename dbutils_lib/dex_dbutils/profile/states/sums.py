"""The sum of some numbers and of their squares, exactly: whatever the order, the same mean and deviation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: Floats are counted in units of the smallest one, 2**-1074, and their squares in its square.
_FLOAT_SCALE = 1074
#: A number is cut into pieces of so many bits: 65,536 products of two fit into 64 bits.
_BITS = 22
_PIECE = np.int64((1 << _BITS) - 1)
_MOST = 1 << 16


class Sums:
    """Count, sum and sum of squares as whole numbers without limit.

    Floating-point sums depend on the order of the values, which an engine does not promise; and raw power sums in
    floating point lose all digits on identifiers and epochs. Exact ones do neither.

    Args:
        scale: the sum is in units of 2**-scale, the sum of squares in its square.
    """

    __slots__ = ("n", "scale", "squares", "total")

    def __init__(self, scale: int = 0, n: int = 0, total: int = 0, squares: int = 0) -> None:
        self.scale, self.n, self.total, self.squares = scale, n, total, squares

    @classmethod
    def of_type(cls, dtype: str) -> Sums:
        """Return empty sums of whole numbers (``<i8``) or floats (``<f8``)."""
        return cls(0 if dtype == "<i8" else _FLOAT_SCALE)

    def update(self, ordered: Array) -> None:
        """Add sorted finite numbers."""
        for start in range(0, len(ordered), _MOST):
            piece = ordered[start : start + _MOST]
            self.n += len(piece)
            if self.scale:
                self._add_floats(piece.astype(np.float64, copy=False))
            else:
                self._add(piece.astype(np.int64, copy=False), np.zeros(1, dtype=np.int64), [(0, 1)])

    def update_counts(self, values: Array, counts: Array) -> None:
        """Add finite numbers (sorted) that were seen ``counts`` times each."""
        if len(values) and int(counts.sum()) <= 4 * len(values):
            self.update(np.repeat(values, counts))
            return
        for value, count in zip(values.tolist(), counts.tolist()):
            if self.scale:
                above, below = value.as_integer_ratio()
                value = above << (self.scale - below.bit_length() + 1)
            self.total += value * count
            self.squares += value * value * count
            self.n += count

    def update_words(self, words: Array) -> None:
        """Add whole numbers of several 64-bit words: a row each, lowest word first, the last one with the sign."""
        for start in range(0, len(words), _MOST):
            pieces = _pieces(words[start : start + _MOST])
            self.n += len(pieces[0])
            for i, piece in enumerate(pieces):
                self.total += int(piece.sum()) << (_BITS * i)
                for j in range(i, len(pieces)):
                    product = int(np.dot(piece, pieces[j])) << (_BITS * (i + j))
                    self.squares += product if i == j else 2 * product

    def merge(self, other: Sums) -> None:
        """Add what others have seen."""
        self.n += other.n
        self.total += other.total
        self.squares += other.squares

    @property
    def mean(self) -> float | None:
        """The mean, correctly rounded; None where nothing was seen."""
        return _quotient(self.total, self.n << self.scale) if self.n else None

    @property
    def stddev(self) -> float | None:
        """The sample standard deviation (n - 1), as Spark's ``stddev``; None for fewer than two values."""
        if self.n < 2:
            return None
        above = self.n * self.squares - self.total * self.total
        # an even number of bits is taken out before the division, so that it neither over- nor underflows
        below = self.n * (self.n - 1)
        shift = (above.bit_length() - below.bit_length()) // 2
        variance = _quotient(above, below << (2 * shift)) if shift >= 0 else _quotient(above << (-2 * shift), below)
        try:
            return None if variance is None else math.ldexp(math.sqrt(variance), shift - self.scale)
        except OverflowError:
            return None

    def tree(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.scale, self.n, hex(self.total), hex(self.squares)]

    @classmethod
    def from_tree(cls, tree: list[Any]) -> Sums:
        """Return the state that :meth:`tree` gave."""
        return cls(tree[0], tree[1], int(tree[2], 16), int(tree[3], 16))

    def _add_floats(self, ordered: Array) -> None:
        """Add floats, one group for each sign and exponent: a group's mantissas are whole numbers of one size."""
        bits = ordered.view(np.int64)
        heads = bits >> 52  # sign and exponent; equal ones stand together in a sorted array
        starts = np.flatnonzero(np.diff(heads, prepend=heads[0] - 1))
        mantissas = bits & np.int64((1 << 52) - 1)
        mantissas |= ((heads & 0x7FF) > 0).astype(np.int64) << np.int64(52)  # the leading one that is not written
        groups = []
        for head in heads[starts].tolist():
            groups.append((max((head & 0x7FF) - 1, 0), -1 if head < 0 else 1))
        self._add(mantissas, starts, groups)

    def _add(self, numbers: Array, starts: Array, groups: list[tuple[int, int]]) -> None:
        """Add whole numbers in groups, each group in units of a power of two and with a sign of its own."""
        low, middle, high = numbers & _PIECE, (numbers >> _BITS) & _PIECE, numbers >> (2 * _BITS)
        wide = bool(high.any())
        sums = [np.add.reduceat(piece, starts).tolist() for piece in (low, middle, high)]
        products = [low * low, 2 * low * middle, middle * middle]
        if wide:
            products[2] += 2 * low * high
            products += [2 * middle * high, high * high]
        squares = [np.add.reduceat(product, starts).tolist() for product in products]
        for i, (shift, sign) in enumerate(groups):
            total = sums[0][i] + (sums[1][i] << _BITS) + (sums[2][i] << (2 * _BITS))
            square = sum(row[i] << (_BITS * place) for place, row in enumerate(squares))
            self.total += sign * total << shift
            self.squares += square << (2 * shift)


def _pieces(words: Array) -> list[Array]:
    """Return numbers of several words cut into pieces of ``_BITS`` bits, lowest first; the last one has the sign."""
    columns = [np.ascontiguousarray(words[:, i]) for i in range(words.shape[1])]
    pieces = []
    for bit in range(0, 64 * len(columns), _BITS):
        word, shift = divmod(bit, 64)
        piece = columns[word] >> np.int64(shift)
        if word < len(columns) - 1 and shift > 64 - _BITS:  # the rest of the piece is in the next word
            left = (1 << (64 - shift)) - 1
            piece = (piece & np.int64(left)) | (columns[word + 1] << np.int64(64 - shift))
        pieces.append(piece & _PIECE if bit + _BITS < 64 * len(columns) else piece)
    return pieces


def _quotient(above: int, below: int) -> float | None:
    try:
        return above / below
    except OverflowError:
        return None
