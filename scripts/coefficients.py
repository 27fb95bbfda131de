"""Derives the coefficients of assembly/simd/exp.ts, assembly/simd/trig.ts and assembly/activation/ (needs mpmath).

Near-minimax: Chebyshev interpolation at 50 digits, converted to powers, rounded once. Prints each table with its error.
"""
from mpmath import mp, mpf, atan, atanh, chebyfit, cos, erf, erfc, exp, linspace, log, pi, polyval, sin, sqrt

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
# erfc(a/√2)/2 = e^(−a²/2) (1 − t) P(t), t = (a − k)/(a + k), for 0 ≤ a ≤ 40 (gelu): k = 4 balances both ends.
K = mpf(4)
forth = lambda t: K * (1 + t) / (1 - t)
tail = lambda t: exp(forth(t) ** 2 / 2) * erfc(forth(t) / sqrt(2)) / 2 / (1 - t)
fit("gelu P", tail, [-mpf(1), (40 - K) / (40 + K)], 24, tail)
# log1p(e) = e/(2 + e) · P(s²), s = e/(2 + e) ≤ 1/3 (softplus).
logarithm = lambda u: 2 * atanh(sqrt(u)) / sqrt(u) if u > mpf("1e-30") else 2 + 2 * u / 3
fit("log1p P", logarithm, [0, mpf(1) / 9], 10, logarithm)
# sin r = r + r³ S(r²), cos r = 1 − r²/2 + r⁴ C(r²), |r| ≤ π/4.
quarter = (pi / 4) ** 2 * mpf("1.0001")
small = mpf("1e-20")
fit("sin S", lambda u: (sin(sqrt(u)) / sqrt(u) - 1) / u if u > small else -mpf(1) / 6 + u / 120, [0, quarter], 6,
    lambda u: sin(sqrt(u)) / sqrt(u) / u if u > small else 1 / small)
fit("cos C", lambda u: (cos(sqrt(u)) - 1 + u / 2) / u**2 if u > small else mpf(1) / 24 - u / 720, [0, quarter], 6,
    lambda u: cos(sqrt(u)) / u**2 if u > small else 1 / small**2)
# atan r = r + r³ A(r²), |r| ≤ tan(π/8).
eighth = mp.tan(pi / 8) ** 2 * mpf("1.0001")
fit("atan A", lambda u: (atan(sqrt(u)) / sqrt(u) - 1) / u if u > small else -mpf(1) / 3 + u / 5, [0, eighth], 11,
    lambda u: atan(sqrt(u)) / sqrt(u) / u if u > small else 1 / small)
# With M(x) = e^(x²/2) ∫_x^∞ e^(−t²/2) dt and J = 1 − x M = ∫_0^∞ r e^(−r²/2 − rx) dr: M(x)(x + 6) and J(x)(x + 6)² as
# polynomials in t = (x − 6)/(x + 6) for all x ≥ 0 (elu).
S = mpf(6)


def fraction(x, first):
    f = x
    for j in range(400, first, -1):
        f = x + j / f
    return f


mills = lambda x: sqrt(pi / 2) * exp(x * x / 2) * erfc(x / sqrt(mpf(2))) if x < 30 else 1 / fraction(x, 0)
laplace = lambda x: 1 - x * mills(x) if x < 30 else 1 / (1 + x * fraction(x, 1))
forth6 = lambda t: S * (1 + t) / (1 - t)
for name, f, power, terms in (("elu M", mills, 1, 25), ("elu J", laplace, 2, 27)):
    g = lambda t: f(forth6(t)) * (forth6(t) + S) ** power if t < 1 - mpf("1e-30") else mpf(1)
    fit(name, g, [mpf(-1), mpf(1)], terms, g)
# π/2 in parts of 33 bits, so that n times a part is exact for n < 2^20, and the rest.
rest = pi / 2
for part in range(3):
    exponent = int(mp.floor(log(rest, 2)))
    head = mpf(int(rest * mpf(2) ** (32 - exponent))) / mpf(2) ** (32 - exponent)
    rest -= head
    print("pi/2 part", part, repr(float(head)), "rest", repr(float(rest)))
# 2/π in words of 64 bits, from the binary point down: enough for the largest double.
mp.prec = 1400
fraction = int(2 / pi * mpf(2) ** 1216)
print("2/pi", [hex((fraction >> (1216 - 64 * (i + 1))) & (2**64 - 1)) for i in range(19)])
for digits in ["ln2"]:
    hi = mpf(int(log(2) * 2**32)) / 2**32
    print(digits, repr(float(hi)), repr(float(log(2) - hi)), "log2e", repr(float(1 / log(2))), "2/sqrt(pi)", repr(float(2 / sqrt(mp.pi))))
# sin t − t cos t = t³ W(t²), t ≤ 1, and sinh c = c + c³ H(c²), c ≤ 1/2 (dual activations of relu and sin).
wide = lambda u: (sin(sqrt(u)) - sqrt(u) * cos(sqrt(u))) / sqrt(u) ** 3 if u > small else mpf(1) / 3 - u / 30
fit("relu W", wide, [0, mpf(1)], 8, wide)
fit("sinh H", lambda u: (mp.sinh(sqrt(u)) / sqrt(u) - 1) / u if u > small else mpf(1) / 6 + u / 120, [0, mpf(1) / 4], 6,
    lambda u: mp.sinh(sqrt(u)) / sqrt(u) / u if u > small else 1 / small)


def fit_float32(name, function, interval, terms, relative):
    """Coefficients in float32, for assembly/simd/exp4.ts and the classes of four lanes in assembly/activation."""
    import struct
    narrow = lambda x: struct.unpack("f", struct.pack("f", float(x)))[0]
    coefficients, _ = chebyfit(function, interval, terms, error=True)
    rounded = [mpf(narrow(c)) for c in coefficients]
    worst = max(abs((polyval(rounded, x) - function(x)) / relative(x)) for x in linspace(*interval, 2001))
    print(f"{name} in float32: {terms} terms, error {float(worst):.2e}", [float(c) for c in reversed(rounded)])


mp.dps = 40
fit_float32("exp q", lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > mpf("1e-12") else mpf(1) / 2 + r / 6, [-half, half], 5,
            lambda r: exp(r) / r**2 if r else mpf(10) ** 9)
bell = lambda u: erf(sqrt(u)) / sqrt(u) if u > mpf("1e-30") else 2 / sqrt(mp.pi)
fit_float32("erf P", bell, [0, 1], 6, bell)
fit_float32("erf R", lambda t: exp(back(t) ** 2) * erfc(back(t)), [-mpf(1) / 3, mpf(1) / 3], 6,
            lambda t: erf(back(t)) / exp(-back(t) ** 2))
first = mpf(int(log(2) * 2**15)) / 2**15
print("ln2 in float32", float(first), float(log(2) - first))
