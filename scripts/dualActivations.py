"""Writes test/vectors/dualActivations.json: T = E[f(u)f(v)], S = E[f'(u)f'(v)] by quadrature and by formulas.

The quadrature is the infinite trapezoid rule in u = L sinh s, v = M sinh t against the bivariate normal density. Its
error is e^(-2 pi^2/4h), below 1e-16 here. For rho = +-1 the rule has one dimension. For rho = +-(1 - 2^-40) the result
is the value at +-1 plus the derivative in c times the difference.

All but sigmoid, tanh, softplus and silu come from their formulas, with arc functions at 50 digits. Each formula is
compared with the quadrature first. relu has a kink: its quadrature is over the positive half-line, u = L exp(s - e^-s).
Others with a kink at 0 are compared on four quadrants. elu and hardTanh are one-dimensional integrals at 30 digits, of
conditional means in closed form: they take five minutes. What has parameters is named as in test/oracle/activations.ts.

`deep` has networks of half-lines whose inputs are nearly parallel or opposite.

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


def half_lines(alpha, beta):
    return (
        lambda z: np.where(z > 0, beta, alpha) * z, lambda z: np.where(z > 0, beta, alpha) + 0 * z, np.zeros_like,
    )


def wave(w, phase):
    return (
        lambda z: np.sin(w * z + phase), lambda z: w * np.cos(w * z + phase), lambda z: -w * w * np.sin(w * z + phase),
    )


def bell(beta):
    return (
        lambda z: np.exp(-beta * z * z), lambda z: -2 * beta * z * np.exp(-beta * z * z),
        lambda z: (4 * beta * beta * z * z - 2 * beta) * np.exp(-beta * z * z),
    )


def hermite_coefficients(coefficients):
    """Coefficients of powers, in 50 digits, of the normalised Hermite polynomials' sum."""
    before, he = [mpf(0)], [mpf(1)]
    powers = [mpf(0)] * len(coefficients)
    for k, a in enumerate(coefficients):
        for j, c in enumerate(he):
            powers[j] += mpf(a) * c / sqrt(mp.factorial(k))
        before, he = he, [c - k * (before[j] if j < len(before) else 0) for j, c in enumerate([mpf(0)] + he)]
    return powers


def polynomial(c):
    p = np.polynomial.Polynomial([float(x) for x in c])
    return p, p.deriv(), p.deriv(2)


LINES = {"leakyRelu": (0.01, 1.0), "leakyRelu 0.3": (0.3, 1.0), "abRelu -0.4 1.5": (-0.4, 1.5), "abs": (-1.0, 1.0)}
WAVES = {
    "sin 2.3 0.7": (2.3, 0.7, 0), "cos": (1.0, 0.0, 1), "cos 0.6 -1.1": (0.6, -1.1, 1),
}
BELLS = {"gaussian": 1.0, "gaussian 0.3": 0.3}
SUMS = {
    "monomial 2": [0, 0, 1], "monomial 8": [0] * 8 + [1],
    "hermite 0.3,-0.8,0.4,0.1": hermite_coefficients([0.3, -0.8, 0.4, 0.1]),
    "hermite 0.1,0.9,-0.2,0.3,0,0.25,-0.3,0.1,0.2": hermite_coefficients([0.1, 0.9, -0.2, 0.3, 0, 0.25, -0.3, 0.1, 0.2]),
}
FUNCTIONS |= {name: half_lines(*slopes) for name, slopes in LINES.items()}
FUNCTIONS |= {name: wave(w, phase + turns * np.pi / 2) for name, (w, phase, turns) in WAVES.items()}
FUNCTIONS |= {name: bell(beta) for name, beta in BELLS.items()}
FUNCTIONS |= {name: polynomial(c) for name, c in SUMS.items()}
FUNCTIONS["exp"] = (np.exp, np.exp, np.exp)
FUNCTIONS["step"] = (lambda z: np.where(z > 0, 1.0, 0.0), np.zeros_like, np.zeros_like)
ELUS = {"elu": (1.0, 1.0), "elu 0.4": (0.4, 1.0), "selu": (1.7580993408473768, 1.0507009873554805)}
FUNCTIONS |= {name: (lambda z, a=a, b=b: np.where(z > 0, b * z, a * np.expm1(np.minimum(z, 0))),
                     lambda z, a=a, b=b: np.where(z > 0, b, a * np.exp(np.minimum(z, 0))), None)
              for name, (a, b) in ELUS.items()}
FUNCTIONS["hardTanh"] = (lambda z: np.clip(z, -1, 1), lambda z: np.where(np.abs(z) < 1, 1.0, 0.0), None)
QUADRANTS = [*LINES, "step", *ELUS]


def grid(std):
    scale = min(1.0, std)
    end = np.arcsinh(14 * std / scale)
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
    if name in QUADRANTS:
        # Four quadrants, of which (u, v) and (-u, v) have opposite correlations.
        parts = [half_lines_quadrature(f, g, a, b, rho, su, sv) for su in (1, -1) for sv in (1, -1)]
        return sum(T for T, _ in parts), sum(S for _, S in parts)
    rule = half_grid if name in KINKED else grid
    u, wu = rule(p)
    v, wv = rule(q)
    x, y = (u / p)[:, None], (v / q)[None, :]
    rest = 1 - rho * rho
    density = np.exp(-(x * x - 2 * rho * x * y + y * y) / (2 * rest)) / (2 * np.pi * p * q * np.sqrt(rest))
    weight = density * wu[:, None] * wv[None, :]
    return np.sum(weight * np.outer(f(u), f(v))), np.sum(weight * np.outer(g(u), g(v)))


def half_lines_quadrature(f, g, a, b, rho, su, sv):
    """The part of u with sign su and v with sign sv."""
    p, q = np.sqrt(a), np.sqrt(b)
    (u, wu), (v, wv) = half_grid(p), half_grid(q)
    x, y, rest = (u / p)[:, None], (v / q)[None, :], 1 - rho * rho
    density = np.exp(-(x * x - 2 * su * sv * rho * x * y + y * y) / (2 * rest)) / (2 * np.pi * p * q * np.sqrt(rest))
    weight = density * wu[:, None] * wv[None, :]
    return np.sum(weight * np.outer(f(su * u), f(sv * v))), np.sum(weight * np.outer(g(su * u), g(sv * v)))


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


def half_lines_formula(alpha, beta):
    def dual(a, b, c, rho):
        bend, t = (mpf(alpha) - mpf(beta)) ** 2 / (2 * pi), acos(rho)
        S = (mpf(alpha) ** 2 + mpf(beta) ** 2) / 2 - bend * t
        return bend * sqrt(a * b) * mp.sin(t) + c * S, S
    return dual


def wave_formula(w, phase, turns):
    def dual(a, b, c, rho):
        w2, angle = mpf(w) ** 2, 2 * mpf(phase) + turns * pi
        up, down = exp(w2 * (c - (a + b) / 2)), exp(-w2 * (c + (a + b) / 2))
        return (up - down * mp.cos(angle)) / 2, w2 * (up + down * mp.cos(angle)) / 2
    return dual


def bell_formula(beta):
    def dual(a, b, c, rho):
        x = 2 * mpf(beta)
        D = (1 + x * a) * (1 + x * b) - (x * c) ** 2
        return 1 / sqrt(D), x * x * c / D ** mpf(1.5)
    return dual


def polynomial_formula(c):
    """T = sum of E[u^i v^j], by Isserlis' pairings; S of the derivative likewise."""
    def moment(i, j, a, b, cov):
        total = mpf(0)
        for k in range(min(i, j) + 1):
            if (i - k) % 2 or (j - k) % 2:
                continue
            pairs = mp.binomial(i, k) * mp.binomial(j, k) * mp.factorial(k)
            total += pairs * mp.fac2(i - k - 1) * mp.fac2(j - k - 1) * a ** ((i - k) // 2) * b ** ((j - k) // 2) * cov**k
        return total

    def dual(a, b, cov, rho):
        n = range(len(c))
        T = sum(mpf(c[i]) * mpf(c[j]) * moment(i, j, a, b, cov) for i in n for j in n)
        S = sum(i * j * mpf(c[i]) * mpf(c[j]) * moment(i - 1, j - 1, a, b, cov) for i in n[1:] for j in n[1:])
        return T, S
    return dual


def conditional(value, slope, mean, mean_slope, kinks):
    """E[f(u) E[f(v) | u]], the inner expectation in closed form, the outer by quadrature at 30 digits."""
    def dual(a, b, c, rho):
        with mp.workdps(30):
            p, q = sqrt(a), sqrt(b)
            along, tau = rho * q / p, q * sqrt((1 - rho) * (1 + rho))
            layer = tau / abs(along) if rho else p
            cuts = [side * x for x in (p, 3 * p, 7 * p, 14 * p, 1, 5, 25) for side in (-1, 1)]
            cuts += [k / along + x * layer for k in kinks for x in (-12, -6, -2, 0, 2, 6, 12)] if rho else []
            points = sorted({x for x in [*kinks, 0, *cuts] if abs(x) <= 14 * p})
            weight = lambda u: mp.npdf(u / p) / p
            inner = lambda f, closed, u: closed(along * u, tau) if tau > 0 else f(along * u)
            T = mp.quad(lambda u: value(u) * inner(value, mean, u) * weight(u), points)
            S = mp.quad(lambda u: slope(u) * inner(slope, mean_slope, u) * weight(u), points)
        return T, S
    return dual


def elu_formula(alpha, beta):
    alpha, beta = mpf(alpha), mpf(beta)

    def shifted(m, t):
        return exp(m + t * t / 2) * mp.ncdf(-(m + t * t) / t)

    return conditional(
        lambda z: beta * z if z > 0 else alpha * mp.expm1(z), lambda z: beta if z > 0 else alpha * exp(z),
        lambda m, t: beta * (m * mp.ncdf(m / t) + t * mp.npdf(m / t)) + alpha * (shifted(m, t) - mp.ncdf(-m / t)),
        lambda m, t: beta * mp.ncdf(m / t) + alpha * shifted(m, t), [0],
    )


hard_tanh = conditional(
    lambda z: max(-1, min(1, z)), lambda z: 1 if abs(z) < 1 else 0,
    lambda m, t: mp.ncdf((m - 1) / t) - mp.ncdf((-1 - m) / t) + m * (mp.ncdf((1 - m) / t) - mp.ncdf((-1 - m) / t))
    + t * (mp.npdf((1 + m) / t) - mp.npdf((1 - m) / t)),
    lambda m, t: mp.ncdf((1 - m) / t) - mp.ncdf((-1 - m) / t), [-1, 1],
)

FORMULAS = {"erf": error_function, "gelu": gelu, "sin": sine, "relu": relu, "identity": lambda a, b, c, rho: (c, mpf(1))}
FORMULAS |= {name: half_lines_formula(*slopes) for name, slopes in LINES.items()}
FORMULAS |= {name: wave_formula(*values) for name, values in WAVES.items()}
FORMULAS |= {name: bell_formula(beta) for name, beta in BELLS.items()}
FORMULAS |= {name: polynomial_formula(c) for name, c in SUMS.items()}
FORMULAS["exp"] = lambda a, b, c, rho: (exp((a + b) / 2 + c),) * 2
FORMULAS |= {name: elu_formula(*values) for name, values in ELUS.items()}
FORMULAS["hardTanh"] = hard_tanh
FORMULAS["step"] = lambda a, b, c, rho: (mpf(1) / 4 + asin(rho) / (2 * pi), mpf(0))


def formula(name, a, b, rho):
    a, b, rho = mpf(a), mpf(b), mpf(rho)
    return FORMULAS[name](a, b, rho * sqrt(a * b), rho)


VARIANCES = [
    (1e-6, 1e-6), (1e-6, 1.0), (0.3, 0.3), (1.0, 2.0), (4.0, 4.0), (8.0, 1.0), (30.0, 30.0), (60.0, 60.0), (100.0, 0.5),
    (1e4, 1e4), (1e6, 1e6), (1e6, 0.1),
]
NEAR = 1 - 2.0**-40
CORRELATIONS = [0.0, 0.3, -0.3, 0.9, -0.9, NEAR, -NEAR, 1.0, -1.0]


def product(x, y):
    return x * y


# The quadrature and the formulas agree where both exist, in units of the standard deviations.
for name in FORMULAS:
    for a, b in VARIANCES[:7]:
        for rho in CORRELATIONS[:5]:
            if name == "hardTanh":
                continue  # The grid does not see its kinks.
            if name == "exp" and max(a, b) > 2:
                continue  # The grid ends where e^u, or a power, still counts.
            sizes = [sqrt(product(*(formula(name, x, x, 1.0)[i] for x in (a, b)))) for i in (0, 1)]
            for got, want, size in zip(quadrature(name, a, b, rho), formula(name, a, b, rho), sizes):
                bound = 1e-13 * max(1.0, np.sqrt(a * b), 50 * float(size))
                assert abs(got - float(want)) < bound, (name, a, b, rho, got, want)


def dual_activation(name, a, b, rho):
    return formula(name, a, b, rho) if name in FORMULAS else quadrature(name, a, b, rho)


cases = []
for name in FUNCTIONS:
    for a, b in VARIANCES:
        if name == "exp" and max(a, b) > 300:
            continue  # Its kernel overflows.
        own = [[float(x) for x in dual_activation(name, x, x, 1.0)] for x in (a, b)]
        for rho in CORRELATIONS:
            T, S = dual_activation(name, a, b, rho)
            exact = sqrt(mpf(a) * mpf(b))
            cases.append({
                "activation": name, "a": a, "b": b, "rho": rho,
                "c": float(exact * mpf(rho)), "delta": float(mpf(a) * mpf(b) * (1 - mpf(rho)) * (1 + mpf(rho))),
                "T": float(T), "S": float(S), "size": float(np.sqrt(own[0][0] * own[1][0])),
                "slopeSize": float(np.sqrt(own[0][1] * own[1][1])),
            })


def deep(slopes, depth, weight, bias, x, y):
    """NTK of x and y by the recursion at 50 digits."""
    dual = half_lines_formula(*slopes)
    w, b = mpf(weight) ** 2, mpf(bias) ** 2
    xx, yy, xy = [w * sum(mpf(p) * mpf(q) for p, q in zip(u, v)) / len(u) + b for u, v in ((x, x), (y, y), (x, y))]
    theta = xy
    for _ in range(depth):
        T, S = dual(xx, yy, xy, xy / sqrt(xx * yy))
        xx, yy, xy = w * dual(xx, xx, xx, mpf(1))[0] + b, w * dual(yy, yy, yy, mpf(1))[0] + b, w * T + b
        theta = w * theta * S + xy
    return theta


ANGLES = [2.0**-8, 2.0**-20, 2.0**-40]
layers = []
for slopes, name in (((0.3, 1.0), "leakyRelu"), ((-1.0, 1.0), "abs"), ((-0.4, 1.5), "abRelu")):
    parameters = {"leakyRelu": {"slope": 0.3}, "abRelu": {"negative": -0.4, "positive": 1.5}, "abs": {}}[name]
    for angle in ANGLES:
        for side in (1.0, -1.0):
            x, y = [1.5, 0.0], [side * 1.5, angle]
            layers.append({
                "activation": {"name": name} | parameters, "depth": 4, "weightStd": 1.25, "biasStd": 0, "x": x, "y": y,
                "ntk": float(deep(slopes, 4, 1.25, 0.0, x, y)),
            })
with open("test/vectors/dualActivations.json", "w") as file:
    json.dump({"description": __doc__.split("\n")[0], "cases": cases, "deep": layers}, file)
print(len(cases))
