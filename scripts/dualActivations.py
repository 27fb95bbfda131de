"""Writes test/vectors/dualActivations.json: T = E[f(u)f(v)], S = E[f'(u)f'(v)] by quadrature and by formulas.

The quadrature is the infinite trapezoid rule in u = L sinh s, v = M sinh t against the bivariate normal density. Its
error is e^(-2 pi^2/4h), below 1e-16 here. For rho = +-1 the rule has one dimension. For rho = +-(1 - 2^-40) the result
is the value at +-1 plus the derivative in c times the difference.

erf, gelu, sin, relu and identity come from their formulas, with arc functions at 50 digits. Each formula is compared
with the quadrature first. relu has a kink: its quadrature is over the positive half-line, u = L exp(s - e^-s).

To add an activation: its value, slope and slope of the slope in FUNCTIONS, and a formula in FORMULAS where it has one.
"""
import json
import math

import numpy as np
from mpmath import mp, mpf, acos, asin, atan2, cosh, erf, exp, pi, sinh, sqrt

mp.dps = 50
H = 0.03


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def slope_of_logistic(z):
    e = np.exp(-np.abs(z))
    return e / (1 + e) ** 2


erf_of = np.vectorize(math.erf)


def density(z):
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def normal(z):
    return np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2)(z)


FUNCTIONS = {
    "sigmoid": (logistic, slope_of_logistic, lambda z: slope_of_logistic(z) * np.tanh(-z / 2)),
    "tanh": (np.tanh, lambda z: 4 * slope_of_logistic(2 * z), lambda z: -8 * np.tanh(z) * slope_of_logistic(2 * z)),
    "softplus": (lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), logistic, slope_of_logistic),
    "silu": (
        lambda z: z * logistic(z), lambda z: logistic(z) * (1 + z * logistic(-z)),
        lambda z: slope_of_logistic(z) * (2 - z * np.tanh(z / 2)),
    ),
    "erf": (
        erf_of, lambda z: 2 / np.sqrt(np.pi) * np.exp(-z * z), lambda z: -4 / np.sqrt(np.pi) * z * np.exp(-z * z),
    ),
    "gelu": (
        lambda z: z * normal(z), lambda z: normal(z) + z * density(z), lambda z: (2 - z * z) * density(z),
    ),
    "sin": (np.sin, np.cos, lambda z: -np.sin(z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z: np.where(z > 0, 1.0, 0.0), np.zeros_like),
    "identity": (lambda z: z, np.ones_like, np.zeros_like),
}
KINKED = ["relu"]


def grid(std):
    scale = min(1.0, std)
    end = np.arcsinh(9.5 * std / scale)
    s = np.arange(-int(end / H) - 1, int(end / H) + 2) * H
    return scale * np.sinh(s), scale * np.cosh(s) * H


def half_grid(std):
    """The positive half-line, from 1e-23 std to 19 std: a kink at 0 is not seen."""
    s = np.arange(int(-3.9 / H), int(3 / H)) * H
    u = std * np.exp(s - np.exp(-s))
    return u, u * (1 + np.exp(-s)) * H


def quadrature(name, a, b, rho):
    f, g, h = FUNCTIONS[name]
    p, q = np.sqrt(a), np.sqrt(b)
    if abs(rho) > 0.95:
        side = np.sign(rho)
        x, w = grid(max(p, q))
        top = max(p, q)
        weight = w * np.exp(-((x / top) ** 2) / 2) / (top * np.sqrt(2 * np.pi))
        u, v = x * (p / top), side * x * (q / top)
        T, S = np.sum(weight * f(u) * f(v)), np.sum(weight * g(u) * g(v))
        step = -side * p * q * (1 - abs(rho))
        bend = np.sum(weight * h(u) * h(v))
        return T + step * (S + step / 2 * bend), S + step * bend
    rule = half_grid if name in KINKED else grid
    u, wu = rule(p)
    v, wv = rule(q)
    x, y = (u / p)[:, None], (v / q)[None, :]
    rest = 1 - rho * rho
    density = np.exp(-(x * x - 2 * rho * x * y + y * y) / (2 * rest)) / (2 * np.pi * p * q * np.sqrt(rest))
    weight = density * wu[:, None] * wv[None, :]
    return np.sum(weight * np.outer(f(u), f(v))), np.sum(weight * np.outer(g(u), g(v)))


def gelu(a, b, c, rho):
    D = (1 + a) * (1 + b) - c * c
    t = atan2(c, sqrt(D))
    bracket = 1 / D + (1 - a * b) / ((1 + a) * (1 + b)) + 1
    T = c / 4 + (c * t + (c * c + a * b * D) / ((1 + a) * (1 + b) * sqrt(D))) / (2 * pi)
    return T, mpf(1) / 4 + t / (2 * pi) + c / (2 * pi * sqrt(D)) * bracket


def error_function(a, b, c, rho):
    root = sqrt((1 + 2 * a) * (1 + 2 * b))
    return 2 / pi * asin(2 * c / root), 4 / pi / sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c * c)


def sine(a, b, c, rho):
    return exp(-(a + b) / 2) * sinh(c), exp(-(a + b) / 2) * cosh(c)


def relu(a, b, c, rho):
    t = acos(rho)
    return sqrt(a * b) * (mp.sin(t) + (pi - t) * rho) / (2 * pi), (pi - t) / (2 * pi)


FORMULAS = {"erf": error_function, "gelu": gelu, "sin": sine, "relu": relu, "identity": lambda a, b, c, rho: (c, mpf(1))}


def formula(name, a, b, rho):
    a, b, rho = mpf(a), mpf(b), mpf(rho)
    return FORMULAS[name](a, b, rho * sqrt(a * b), rho)


VARIANCES = [
    (1e-6, 1e-6), (1e-6, 1.0), (0.3, 0.3), (1.0, 2.0), (4.0, 4.0), (8.0, 1.0), (30.0, 30.0), (60.0, 60.0), (100.0, 0.5),
    (1e4, 1e4), (1e6, 1e6), (1e6, 0.1),
]
NEAR = 1 - 2.0**-40
CORRELATIONS = [0.0, 0.3, -0.3, 0.9, -0.9, NEAR, -NEAR, 1.0, -1.0]

# The quadrature and the formulas agree where both exist, in units of the standard deviations.
for name in FORMULAS:
    for a, b in VARIANCES[:7]:
        for rho in CORRELATIONS[:5]:
            for got, want in zip(quadrature(name, a, b, rho), formula(name, a, b, rho)):
                assert abs(got - float(want)) < 1e-13 * max(1.0, np.sqrt(a * b)), (name, a, b, rho, got, want)


def dual_activation(name, a, b, rho):
    return formula(name, a, b, rho) if name in FORMULAS else quadrature(name, a, b, rho)


cases = []
for name in FUNCTIONS:
    for a, b in VARIANCES:
        diagonal = [float(dual_activation(name, x, x, 1.0)[0]) for x in (a, b)]
        for rho in CORRELATIONS:
            T, S = dual_activation(name, a, b, rho)
            exact = sqrt(mpf(a) * mpf(b))
            cases.append({
                "activation": name, "a": a, "b": b, "rho": rho,
                "c": float(exact * mpf(rho)), "delta": float(mpf(a) * mpf(b) * (1 - mpf(rho)) * (1 + mpf(rho))),
                "T": float(T), "S": float(S), "size": float(np.sqrt(diagonal[0] * diagonal[1])),
            })
with open("test/vectors/dualActivations.json", "w") as file:
    json.dump({"description": __doc__.split("\n")[0], "cases": cases}, file)
print(len(cases))
