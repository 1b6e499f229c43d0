"""Quantiles and distribution function of the standard normal distribution.

Quantiles are the doubles that scipy.special.ndtri gives, by the same method (Cephes Mathematical Library, S. L.
Moshier), without the quarter of a second that importing it takes: prediction needs nothing else of scipy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["normal_distribution", "normal_quantiles"]

_TAIL = 0.13533528323661269189
"""exp(-2): the approximation of the tails holds below it and above 1 - exp(-2)."""


_SQUARE_ROOT_OF_2_PI = 2.50662827463100050242


_ROOT_OF_A_HALF = 0.70710678118654752440
_CENTRE = (
    (-5.99633501014107895267e1, 9.80010754185999661536e1, -5.66762857469070293439e1, 1.39312609387279679503e1,
     -1.23916583867381258016e0),
    (1.0, 1.95448858338141759834e0, 4.67627912898881538453e0, 8.63602421390890590575e1, -2.25462687854119370527e2,
     2.00260212380060660359e2, -8.20372256168333339912e1, 1.59056225126211695515e1, -1.18331621121330003142e0),
)  # fmt: skip
_TAILS = (
    (4.05544892305962419923e0, 3.15251094599893866154e1, 5.71628192246421288162e1, 4.40805073893200834700e1,
     1.46849561928858024014e1, 2.18663306850790267539e0, -1.40256079171354495875e-1, -3.50424626827848203418e-2,
     -8.57456785154685413611e-4),
    (1.0, 1.57799883256466749731e1, 4.53907635128879210584e1, 4.13172038254672030440e1, 1.50425385692907503408e1,
     2.50464946208309415979e0, -1.42182922854787788574e-1, -3.80806407691578277194e-2, -9.33259480895457427372e-4),
)  # fmt: skip


def normal_distribution(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the distribution below each of *values*, of their shape.

    >>> import numpy as np
    >>> np.round(normal_distribution(np.array([[-1.96, 0.0, 1.96]])), 3).tolist()
    [[0.025, 0.5, 0.975]]
    """
    scaled = (values * -_ROOT_OF_A_HALF).ravel()
    return 0.5 * np.fromiter(map(math.erfc, scaled.tolist()), np.float64, scaled.size).reshape(values.shape)


def normal_quantiles(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantiles of *probabilities*, which lie between 2e-14 and 1 - 2e-14."""
    return np.array([_quantile(probability) for probability in probabilities.tolist()], dtype=np.float64)


def _quantile(probability: float) -> float:
    upper = probability > 1.0 - _TAIL
    tail = 1.0 - probability if upper else probability
    if tail > _TAIL:
        middle = tail - 0.5
        square = middle * middle
        top, bottom = (_polynomial(square, coefficients) for coefficients in _CENTRE)
        return (middle + middle * (square * top / bottom)) * _SQUARE_ROOT_OF_2_PI
    root = math.sqrt(-2.0 * math.log(tail))
    inverse = 1.0 / root
    top, bottom = (_polynomial(inverse, coefficients) for coefficients in _TAILS)
    distance = root - math.log(root) / root - inverse * top / bottom
    return distance if upper else -distance


def _polynomial(x: float, coefficients: Sequence[float]) -> float:
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
