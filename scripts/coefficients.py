"""Derives the polynomial coefficients of assembly/math.ts and assembly/activation/erf.ts (needs mpmath).

Near-minimax: Chebyshev interpolation at 50 digits, converted to powers, rounded once. Prints each table with its error.
"""
from mpmath import mp, mpf, chebyfit, polyval, exp, erf, erfc, log, sqrt, linspace

mp.dps = 50


def fit(name, function, interval, terms, relative):
    coefficients, _ = chebyfit(function, interval, terms, error=True)
    rounded = [mpf(float(c)) for c in coefficients]
    worst = max(abs((polyval(rounded, x) - function(x)) / relative(x)) for x in linspace(*interval, 4001))
    print(f"{name}: {terms} terms on [{float(interval[0]):.6g}, {float(interval[1]):.6g}], error {float(worst):.2e}")
    for c in reversed(rounded):
        print(f"  {float(c)!r}")


half = log(2) / 2 * mpf("1.0001")
# e^r = 1 + r + r² q(r); the error is weighed against e^r.
fit("exp q", lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > mpf("1e-12") else mpf(1) / 2 + r / 6, [-half, half], 10,
    lambda r: exp(r) / r**2 if r else mpf(10) ** 9)
# erf z = z P(z²) for |z| ≤ 1.
fit("erf P", lambda u: erf(sqrt(u)) / sqrt(u) if u > mpf("1e-30") else 2 / sqrt(mp.pi), [0, 1], 13,
    lambda u: erf(sqrt(u)) / sqrt(u) if u > mpf("1e-30") else 2 / sqrt(mp.pi))
# erfc z = e^(−z²) R(t), t = (z − 2)/(z + 2), for 1 ≤ z ≤ 6; the error is weighed against erf z.
back = lambda t: 2 * (1 + t) / (1 - t)
fit("erf R", lambda t: exp(back(t) ** 2) * erfc(back(t)), [-mpf(1) / 3, mpf(1) / 2], 15,
    lambda t: erf(back(t)) / exp(-back(t) ** 2))
for digits in ["ln2"]:
    hi = mpf(int(log(2) * 2**32)) / 2**32
    print(digits, repr(float(hi)), repr(float(log(2) - hi)), "log2e", repr(float(1 / log(2))), "2/sqrt(pi)", repr(float(2 / sqrt(mp.pi))))
