/** Matrices of the smallest and of the largest doubles: the answers of moderate ones, times a power of two. */
import { beforeAll, describe, expect, test } from "vitest";
import { NotPositiveDefiniteError, type Ntk } from "../../src/index.js";
import { multiply, toRows, transpose } from "../oracle/dense.js";
import { expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const n = 7;
const G = toRows(randomMatrix(n, n, 4, 1));
const A = multiply(G, transpose(G)).map((row, i) => row.map((x, j) => x + (i === j ? 1 : 0)));
const B = toRows(randomMatrix(n, 2, 5, 1));
const times = (rows: number[][], factor: number) => rows.map((row) => row.map((x) => x * factor));

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each([-1000, -902, -898, -400, 0, 400, 900])("entries times 2^%i", (power) => {
    const [S, unit] = [times(A, 2 ** power), 2 ** (power / 2)];
    const allowed = 1e-13;
    expectRelative(
      ntk.cholesky(S).data.map((x) => x / unit),
      ntk.cholesky(A).data,
      allowed,
      "L",
    );
    const X = ntk.solve(S, B).data;
    expectRelative(
      X.map((x) => x * 2 ** (power / 2) * unit),
      ntk.solve(A, B).data,
      allowed,
      "A⁻¹B",
    );
    expectRelative(
      ntk.inverse(S).data.map((x) => x * unit * unit),
      ntk.inverse(A).data,
      allowed,
      "A⁻¹",
    );
    const { sign, logDeterminant } = ntk.logDeterminant(S);
    expect(sign).toBe(1);
    expect(Math.abs(logDeterminant - ntk.logDeterminant(A).logDeterminant - n * power * Math.LN2)).toBeLessThan(1e-11);
  });

  test("subnormal entries: the factor of moderate ones, to the bit", () => {
    // Integers, so that 2^-1060 times as much is exact; products of a factor's entries would be rounded.
    const whole = A.map((row, i) => row.map((_, j) => (i === j ? 90 : ((i * 7 + j * 7) % 5) - 2)));
    const unit = 2 ** -530;
    const L = ntk.cholesky(times(times(whole, unit), unit));
    expect(L.data.map((x) => x / unit)).toEqual(ntk.cholesky(whole).data);
  });

  test("a matrix of zeros is not positive definite", () => {
    const zeros = times(A, 0);
    expect(() => ntk.cholesky(zeros)).toThrow(NotPositiveDefiniteError);
    expect(() => ntk.solve(zeros, B)).toThrow(expect.objectContaining({ pivot: 0 }));
  });

  test("matrices that have no alignment: zeros, constants", () => {
    const model = { kernel: () => times(A, 0) };
    const X = Array.from({ length: n }, (_, i) => i);
    const Y = X.map((i) => Math.sin(i));
    expect(ntk.spectrum(model, X, Y).alignment).toBeUndefined();
    const own = { kernel: () => A };
    expect(ntk.spectrum(own, X, new Array(n).fill(0)).alignment).toBeUndefined();
    expect(ntk.spectrum(own, X, new Array(n).fill(3)).alignment).toBeUndefined();
    const alone = ntk.spectrum(own, X, Y).alignment;
    expect(alone).toBeGreaterThan(0);
    // A constant column says nothing, and takes nothing away.
    const beside = ntk.spectrum(
      own,
      X,
      Y.map((y) => [3, y]),
    ).alignment;
    expect(beside).toBeCloseTo(alone ?? Number.NaN, 12);
  });
});
