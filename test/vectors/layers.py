"""Golden kernels of infinite networks whose layers have options of their own, to 17 of 50 digits (mpmath).

    python3 test/vectors/layers.py > test/vectors/layers.json

The recursion is written from neural-tangents' definitions (stax.Dense with W_std and b_std, stax.Erf, stax.Relu,
FanInSum) and from MATH.md section 6, with the closed forms of erf (Williams 1997) and relu (Cho & Saul 2009).
"""
import json

from mpmath import acos, asin, mp, mpf, pi, sqrt

mp.dps = 50

POINTS = [["0.3", "-1.2"], ["0.30001", "-1.2"], ["2", "0.7"], ["-2", "-0.7"], ["0", "0.1"]]


def erf(a, b, c):
    d = (1 + 2 * a) * (1 + 2 * b)
    return 2 / pi * asin(2 * c / sqrt(d)), 4 / pi / sqrt(d - 4 * c * c)


def relu(a, b, c):
    rho = max(mpf(-1), min(mpf(1), c / sqrt(a * b)))
    t = acos(rho)
    return sqrt(a * b) / (2 * pi) * (sqrt(1 - rho * rho) + (pi - t) * rho), (pi - t) / (2 * pi)


DUALS = {"erf": erf, "relu": relu}


def at(values, l):
    return mpf(values[l]) if isinstance(values, list) else mpf(values)


def kernel(model, x, y):
    depth, k = model["depth"], model.get("residual", 0)
    names = model["activation"]
    rates = model.get("rates", "1")
    scale = mpf(model.get("outputScale", "1")) ** 2
    d = len(x)

    def layer(l):
        return at(model["weightStd"], l) ** 2, at(model["biasStd"], l) ** 2, at(rates, l)

    def dot(p, q):
        return sum(mpf(u) * mpf(v) for u, v in zip(p, q))

    w, b, rate = layer(0)
    q = [w * dot(p, r) / d + b for p, r in ((x, x), (y, y), (x, y))]
    theta = rate * q[2]
    joined = q + [theta]
    for l in range(depth):
        dual = DUALS[names[l] if isinstance(names, list) else names]
        w, b, rate = layer(l + 1)
        t, slope = dual(*q)
        q = [w * dual(q[0], q[0], q[0])[0] + b, w * dual(q[1], q[1], q[1])[0] + b, w * t + b]
        theta = w * theta * slope + rate * q[2]
        if k > 0 and l + 1 < depth and (l + 1) % k == 0:
            q, theta = [u + v for u, v in zip(q, joined)], theta + joined[3]
            joined = q + [theta]
    return scale * theta, scale * q[2]


MODELS = {
    # https://github.com/google/neural-tangents, notebooks/neural_tangents_cookbook: Dense(W_std=1), two blocks
    # [Erf, Dense(W_std=1.1), Erf, Dense(W_std=1.1)] + identity, Erf, Dense(W_std=1.5), no biases.
    "cookbook ResNet": {
        "depth": 5, "activation": "erf", "residual": 2, "biasStd": "0",
        "weightStd": ["1", "1.1", "1.1", "1.1", "1.1", "1.5"],
    },
    "relu ResNet": {"depth": 4, "activation": "relu", "residual": 1, "weightStd": "1.2", "biasStd": "0.3"},
    "mixed layers": {
        "depth": 3, "activation": ["relu", "erf", "relu"], "weightStd": ["1.4", "0.9", "1.3", "1"],
        "biasStd": ["0.1", "0", "0.5", "0.2"], "rates": ["0.5", "0", "2", "1"], "outputScale": "1.5",
    },
    # Arora et al. 2020, the first two of three layers fixed.
    "first layers fixed": {
        "depth": 3, "activation": "relu", "weightStd": "1.4142135623730950488", "biasStd": "0",
        "rates": ["0", "0", "1", "1"],
    },
}

numbers = lambda value: [float(v) for v in value] if isinstance(value, list) else float(value)
cases = []
for name, model in MODELS.items():
    pairs = [kernel(model, x, y) for x in POINTS for y in POINTS]
    options = {key: numbers(v) if key in ("weightStd", "biasStd", "rates", "outputScale") else v for key, v in model.items()}
    cases.append({
        "name": name, "options": options,
        "ntk": [float(theta) for theta, _ in pairs], "nngp": [float(q) for _, q in pairs],
    })
print(json.dumps({"X": [numbers(p) for p in POINTS], "cases": cases}, indent=1))
