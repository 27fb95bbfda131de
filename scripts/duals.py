"""Writes test/vectors/duals.json: dual activations T = E[f(u)f(v)], S = E[f'(u)f'(v)] by quadrature and by formulas.

Sigmoid, tanh, softplus and silu have no closed form. They are taken by the infinite trapezoid rule in u = L sinh s,
v = M sinh t (error e^(-2 pi^2/4h), below 1e-16 here), against the bivariate normal density.
For rho = +-1 the rule has one dimension. For rho = +-(1 - 2^-40) the result is the value at +-1 plus the derivative
in c times the difference.
erf, gelu, sin and relu are taken from their formulas with arc functions at 50 digits. The formulas are checked first:
erf, gelu and sin by the same quadrature, relu, which has a corner, by quadrature over the angle of (u, v).
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


FUNCTIONS = {
    "sigmoid": (logistic, slope_of_logistic, lambda z: slope_of_logistic(z) * np.tanh(-z / 2)),
    "tanh": (np.tanh, lambda z: 4 * slope_of_logistic(2 * z), lambda z: -8 * np.tanh(z) * slope_of_logistic(2 * z)),
    "softplus": (lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), logistic, slope_of_logistic),
    "silu": (
        lambda z: z * logistic(z), lambda z: logistic(z) * (1 + z * logistic(-z)),
        lambda z: slope_of_logistic(z) * (2 - z * np.tanh(z / 2)),
    ),
    "sin": (np.sin, np.cos, lambda z: -np.sin(z)),
}


# Functions that have formulas; their second derivatives are not needed.
erf_of = np.vectorize(math.erf)
normal = lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
phi = lambda z: (1 + erf_of(z / np.sqrt(2))) / 2
CHECKED = {
    "erf": (erf_of, lambda z: 2 / np.sqrt(np.pi) * np.exp(-z * z), None),
    "gelu": (lambda z: z * phi(z), lambda z: phi(z) + z * normal(z), None),
    "sin": FUNCTIONS["sin"],
}


def grid(std):
    scale = min(1.0, std)
    end = np.arcsinh(9.5 * std / scale)
    s = np.arange(-int(end / H) - 1, int(end / H) + 2) * H
    return scale * np.sinh(s), scale * np.cosh(s) * H


def quadrature(name, a, b, rho):
    f, g, h = FUNCTIONS.get(name) or CHECKED[name]
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
    u, wu = grid(p)
    v, wv = grid(q)
    x, y = (u / p)[:, None], (v / q)[None, :]
    rest = 1 - rho * rho
    density = np.exp(-(x * x - 2 * rho * x * y + y * y) / (2 * rest)) / (2 * np.pi * p * q * np.sqrt(rest))
    weight = density * wu[:, None] * wv[None, :]
    return np.sum(weight * np.outer(f(u), f(v))), np.sum(weight * np.outer(g(u), g(v)))


def relu_by_angle(a, b, rho):
    """u = p r cos t, v = q r sin t with both positive: the integral over r is elementary, the one over t smooth."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    t, w = (nodes + 1) * np.pi / 4, weights * np.pi / 4
    rest = 1 - rho * rho
    both = np.cos(t) * np.sin(t)
    Q = (1 - 2 * rho * both) / rest
    scale = 1 / (2 * np.pi * np.sqrt(rest))
    return np.sqrt(a * b) * scale * np.sum(w * 2 * both / Q**2), scale * np.sum(w / Q)


def formula(name, a, b, rho):
    a, b, rho = mpf(a), mpf(b), mpf(rho)
    c = rho * sqrt(a * b)
    if name == "identity":
        return c, mpf(1)
    if name == "erf":
        root = sqrt((1 + 2 * a) * (1 + 2 * b))
        return 2 / pi * asin(2 * c / root), 4 / pi / sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c * c)
    if name == "sin":
        return exp(-(a + b) / 2) * sinh(c), exp(-(a + b) / 2) * cosh(c)
    if name == "relu":
        if a == 0 or b == 0:
            return mpf(0), mpf(0)
        t = acos(rho)
        return sqrt(a * b) * (mp.sin(t) + (pi - t) * rho) / (2 * pi), (pi - t) / (2 * pi)
    D = (1 + a) * (1 + b) - c * c
    t = atan2(c, sqrt(D))
    bracket = 1 / D + (1 - a * b) / ((1 + a) * (1 + b)) + 1
    T = c / 4 + (c * t + (c * c + a * b * D) / ((1 + a) * (1 + b) * sqrt(D))) / (2 * pi)
    return T, mpf(1) / 4 + t / (2 * pi) + c / (2 * pi * sqrt(D)) * bracket


VARIANCES = [
    (1e-6, 1e-6), (1e-6, 1.0), (0.3, 0.3), (1.0, 2.0), (4.0, 4.0), (8.0, 1.0), (30.0, 30.0), (60.0, 60.0), (100.0, 0.5),
    (1e4, 1e4), (1e6, 1e6), (1e6, 0.1),
]
NEAR = 1 - 2.0**-40
CORRELATIONS = [0.0, 0.3, -0.3, 0.9, -0.9, NEAR, -NEAR, 1.0, -1.0]

# The quadrature and the formulas agree where both exist; slopes and values are of the size of 1 to 10.
for name in [*CHECKED, "relu"]:
    for a, b in VARIANCES[:6]:
        for rho in CORRELATIONS[:5]:
            checks = relu_by_angle(a, b, rho) if name == "relu" else quadrature(name, a, b, rho)
            for got, want in zip(checks, formula(name, a, b, rho)):
                assert abs(got - float(want)) < 1e-13, (name, a, b, rho, got, want)

cases = []
for name in ["sigmoid", "tanh", "softplus", "silu", "erf", "gelu", "sin", "relu", "identity"]:
    for a, b in VARIANCES:
        diagonal = [
            float(formula(name, x, x, 1)[0]) if name not in FUNCTIONS or name == "sin" else quadrature(name, x, x, 1.0)[0] for x in (a, b)
        ]
        for rho in CORRELATIONS:
            quad = name in FUNCTIONS and name != "sin"
            T, S = quadrature(name, a, b, rho) if quad else formula(name, a, b, rho)
            exact = sqrt(mpf(a) * mpf(b))
            cases.append({
                "activation": name, "a": a, "b": b, "rho": rho,
                "c": float(exact * mpf(rho)), "delta": float(mpf(a) * mpf(b) * (1 - mpf(rho)) * (1 + mpf(rho))),
                "T": float(T), "S": float(S), "size": float(np.sqrt(diagonal[0] * diagonal[1])),
            })
with open("test/vectors/duals.json", "w") as file:
    json.dump({"description": __doc__.split("\n")[0], "cases": cases}, file)
print(len(cases))
