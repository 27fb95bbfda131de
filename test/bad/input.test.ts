/** Bad input gets a clear error, of the right class, before any work is done. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  BackendError,
  createNetwork,
  load,
  type MatrixLike,
  MemoryLimitError,
  type NetworkOptions,
  NotPositiveDefiniteError,
  type Ntk,
  oneHot,
  standardize,
} from "../../src/index.js";
import { ACTIVATIONS } from "../../src/model/activation.js";
import { loadVariant, variants } from "../setup/variants.js";

/** Wrong on purpose: past the type checker. */
const wrong = <T>(value: unknown): T => value as T;

describe("createNetwork", () => {
  const base: NetworkOptions = { inputs: 1, hidden: 4 };
  test.each<[string, object, new (...args: never[]) => Error, RegExp]>([
    ["width 0", { hidden: 0 }, RangeError, /hidden is 0; expected an integer ≥ 1/],
    ["width 2.5", { hidden: 2.5 }, RangeError, /hidden is 2.5/],
    ["no widths", { hidden: [] }, RangeError, /hidden is empty/],
    ["a width of 0 below", { hidden: [4, 0] }, RangeError, /hidden\[1\] is 0/],
    ["inputs 0", { inputs: 0 }, RangeError, /inputs is 0/],
    ["inputs a string", { inputs: "1" }, TypeError, /inputs is the string "1"; expected a number/],
    ["outputs 0", { outputs: 0 }, RangeError, /outputs is 0/],
    [
      "unknown activation",
      { activation: "steps" },
      RangeError,
      new RegExp(`activation is "steps"; expected one of ${Object.keys(ACTIVATIONS).join(", ")}`),
    ],
    ["unknown init", { init: "xavier" }, RangeError, /init is "xavier"; expected one of lecun/],
    ["contradiction", { init: "he", parametrization: "ntk" }, RangeError, /init "he" with parametrization "ntk"/],
    [
      "the other contradiction",
      { init: "ntk", parametrization: "standard" },
      RangeError,
      /init "ntk" with parametrization "standard"/,
    ],
    ["negative std", { weightStd: -1 }, RangeError, /weightStd is -1; expected a finite number ≥ 0/],
    ["NaN std", { biasStd: Number.NaN }, RangeError, /biasStd is NaN/],
    ["seed −1", { seed: -1 }, RangeError, /seed is -1/],
    ["seed 0.5", { seed: 0.5 }, RangeError, /seed is 0.5/],
    ["bias a number", { bias: 1 }, TypeError, /bias is number 1; expected true or false/],
    ["unknown option", { width: 4 }, TypeError, /unknown option "width"; expected inputs, hidden/],
    ["short parameters", { parameters: [1, 2] }, RangeError, /parameters has 2 numbers; expected 13/],
    ["NaN parameter", { parameters: new Array(13).fill(Number.NaN) }, RangeError, /parameters\[0\] is NaN/],
    ["too big", { inputs: 1_000_000, hidden: 1_000_000 }, MemoryLimitError, /needs .* bytes/],
  ])("%s", (_, options, ErrorType, message) => {
    const attempt = () => createNetwork({ ...base, ...options });
    expect(attempt).toThrow(ErrorType);
    expect(attempt).toThrow(message);
  });

  test("no options", () => {
    expect(() => createNetwork(wrong(undefined))).toThrow(TypeError);
    expect(() => createNetwork(wrong({ inputs: 1 }))).toThrow(/hidden is undefined/);
  });
});

describe("load", () => {
  test.each<[string, object, new (...args: never[]) => Error, RegExp]>([
    ["unknown key", { backed: "js" }, TypeError, /unknown option "backed"/],
    ["unknown backend", { backend: "gpu" }, RangeError, /backend is "gpu"/],
    ["unknown variant", { variant: "avx" }, RangeError, /variant is "avx"/],
    ["contradiction", { backend: "js", variant: "simd" }, RangeError, /no variant/],
    ["no threads", { threads: 0 }, RangeError, /threads is 0; expected an integer from 1 to 128/],
    ["fewer than no threads", { threads: -1 }, RangeError, /threads is -1; expected an integer/],
    ["half a thread", { threads: 1.5 }, RangeError, /threads is 1.5; expected an integer/],
    ["too many threads", { threads: 1000 }, RangeError, /threads is 1000; expected an integer from 1 to 128/],
    ["threads NaN", { threads: Number.NaN }, RangeError, /threads is NaN/],
    ["threads a word", { threads: "all" }, RangeError, /threads is "all"; expected one of auto/],
    ["threads null", { threads: null }, TypeError, /threads is null; expected a number/],
    ["threads a list", { threads: [2] }, TypeError, /threads is an object .Array.; expected a number/],
    [
      "half precision",
      { precision: "float16" },
      RangeError,
      /precision is "float16"; expected one of float64, float32/,
    ],
  ])("%s", async (_, options, ErrorType, message) => {
    await expect(load(options)).rejects.toThrow(ErrorType);
    await expect(load(options)).rejects.toThrow(message);
  });

  test("a variant that cannot run here is a BackendError", async () => {
    if (variants.includes("relaxed")) expect((await load({ variant: "relaxed" })).variant).toBe("relaxed");
    else await expect(load({ variant: "relaxed" })).rejects.toThrow(BackendError);
  });
});

test("standardize and oneHot", () => {
  expect(() => standardize([])).toThrow(/X is empty/);
  expect(() => standardize([[1], [Number.NaN]])).toThrow(/NaN at row 1, column 0/);
  expect(() => standardize([-Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE])).toThrow(/column 0 of X spreads/);
  expect(() => oneHot([0, 1.5])).toThrow(/label 1.5 in row 1; expected an integer/);
  expect(() => oneHot([0, 3], 2)).toThrow(RangeError);
});

describe.each(variants)("%s", (variant) => {
  const net = createNetwork({ inputs: 2, hidden: 4, biasStd: 1 });
  const X = [
    [0, 1],
    [1, 0],
    [2, 2],
  ];
  const Y = [1, 2, 3];
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each<[string, MatrixLike, new (...args: never[]) => Error, RegExp]>([
    ["empty", [], RangeError, /X is empty \(0×1\)/],
    ["wrong width", [[1, 2, 3]], RangeError, /X has 3 columns; expected 2/],
    ["a column for two inputs", [1, 2], RangeError, /X has 1 columns; expected 2/],
    ["ragged", [[1, 2], [3]], RangeError, /ragged: row 1 has 1 columns, row 0 has 2/],
    [
      "NaN",
      [
        [1, 2],
        [3, Number.NaN],
      ],
      RangeError,
      /NaN at row 1, column 1/,
    ],
    [
      "Infinity",
      [
        [1, 2],
        [Number.POSITIVE_INFINITY, 0],
      ],
      RangeError,
      /Infinity at row 1, column 0/,
    ],
    ["a string", wrong("data"), TypeError, /X is the string "data"; expected a Matrix/],
    ["null", wrong(null), TypeError, /X is null/],
    ["strings inside", wrong([["1", 2]]), TypeError, /string "1" at row 0, column 0/],
    ["BigInt64Array", wrong(new BigInt64Array(4)), TypeError, /X is a BigInt64Array; expected numbers/],
    [
      "a lying matrix",
      { data: new Float64Array(3), rows: 2, cols: 2 },
      RangeError,
      /2×2 but its data has 3 numbers; expected 4/,
    ],
  ])("X: %s", (_, bad, ErrorType, message) => {
    const methods = [
      () => ntk.forward(net, bad),
      () => ntk.jacobian(net, bad),
      () => ntk.kernel(net, bad),
      () => ntk.kernelDiagonal(net, bad),
      () => ntk.kernelBlocks(net, bad),
      () => ntk.kernelTimesVector(net, bad, Y),
      () => ntk.fit(net, bad, Y),
      () => ntk.linearize(net).at(net.parameters, bad),
    ];
    for (const method of methods) {
      expect(method).toThrow(ErrorType);
      expect(method).toThrow(message);
    }
  });

  test("models", () => {
    expect(() => ntk.kernel(wrong(undefined), X)).toThrow(TypeError);
    expect(() => ntk.kernel(wrong({ parameters: 3 }), X)).toThrow(TypeError);
    expect(() => ntk.kernel({ ...net, parameters: new Float64Array(3) }, X)).toThrow(
      /parameters has 3 numbers; expected 17/,
    );
    expect(() => ntk.kernel({ kernel: () => ntk.kernel(net, X) }, X, X, { outputs: "full" })).toThrow(
      /outputs "full" needs a finite network/,
    );
    const two = createNetwork({ inputs: 2, hidden: [3, 3], outputs: 2 });
    expect(() => ntk.fit(two, X, Y)).toThrow(/Y has 1 columns; expected 2/);
    expect(() => ntk.kernelTimesVector(two, X, Y)).toThrow(/V has 3 rows; expected 6/);
  });

  test.each<[string, () => unknown, new (...args: never[]) => Error, RegExp]>([
    [
      "negative ridge",
      () => ntk.fit(net, X, Y, { ridge: -1 }),
      RangeError,
      /ridge is -1; expected a finite number ≥ 0/,
    ],
    ["NaN ridge", () => ntk.fit(net, X, Y, { ridge: Number.NaN }), RangeError, /ridge is NaN/],
    ["unknown option", () => ntk.fit(net, X, Y, wrong<never>({ lambda: 1 })), TypeError, /unknown option "lambda"/],
    ["unknown solver", () => ntk.fit(net, X, Y, { solver: wrong("lu") }), RangeError, /solver is "lu"/],
    ["cg on a path", () => ntk.fit(net, X, Y, { solver: "cg", ridges: [1] }), RangeError, /a ridge path decomposes Θ/],
    [
      "lowrank on a path",
      () => ntk.fit(net, X, Y, { solver: "lowrank", ridges: [1] }),
      RangeError,
      /a ridge path decomposes Θ/,
    ],
    ["rank of cg", () => ntk.fit(net, X, Y, { solver: "cg", rank: 3 }), RangeError, /rank is given with solver "cg"/],
    [
      "a trace error of a solver of all modes",
      () => ntk.fit(net, X, Y, { traceError: 1e-3 }),
      RangeError,
      /traceError is given with solver "auto"; expected solver "lowrank"/,
    ],
    ["bad scale", () => ntk.fit(net, X, Y, { scale: wrong(2) }), RangeError, /scale is 2/],
    ["no ridges", () => ntk.fit(net, X, Y, { ridges: [] }), RangeError, /ridges is empty/],
    ["negative on the path", () => ntk.fit(net, X, Y, { ridges: [1, -1] }), RangeError, /ridges\[1\] is -1/],
    [
      "ridge and ridges",
      () => ntk.fit(net, X, Y, wrong<never>({ ridge: 1, ridges: [1] })),
      RangeError,
      /both ridge and ridges/,
    ],
    ["short Y", () => ntk.fit(net, X, [1, 2]), RangeError, /Y has 2 rows; expected 3/],
    [
      "wide Y",
      () =>
        ntk.fit(net, X, [
          [1, 2],
          [1, 2],
          [1, 2],
        ]),
      RangeError,
      /Y has 2 columns; expected 1/,
    ],
    ["NaN in Y", () => ntk.fit(net, X, [1, Number.NaN, 3]), RangeError, /Y has NaN at row 1, column 0/],
    ["V of another length", () => ntk.kernelTimesVector(net, X, [1]), RangeError, /V has 1 rows; expected 3/],
    ["θ of another length", () => ntk.linearize(net).at([1], X), RangeError, /θ has 1 numbers; expected 17/],
    ["shapes of a product", () => ntk.matmul([[1, 2]], [[1, 2]]), RangeError, /B has 1 rows; expected 2/],
    ["not square", () => ntk.cholesky([[1, 2]]), RangeError, /A is 1×2; expected a square matrix/],
    [
      "not symmetric",
      () =>
        ntk.eigh([
          [1, 2],
          [3, 4],
        ]),
      RangeError,
      /entry \(1, 0\) is 3, entry \(0, 1\) is 2/,
    ],
    [
      "indefinite",
      () =>
        ntk.cholesky([
          [1, 2],
          [2, 1],
        ]),
      NotPositiveDefiniteError,
      /pivot 1 of 2/,
    ],
    ["singular", () => ntk.solve([[0]], [1]), NotPositiveDefiniteError, /pivot 0 of 1/],
    ["right-hand side", () => ntk.solve([[1]], [1, 2]), RangeError, /B has 2 rows; expected 1/],
  ])("%s", (_, attempt, ErrorType, message) => {
    expect(attempt).toThrow(ErrorType);
    expect(attempt).toThrow(message);
  });

  test("custom kernels that misbehave", () => {
    const K = (data: number[], rows: number, cols: number) => ({
      kernel: () => ({ data: Float64Array.from(data), rows, cols }),
    });
    expect(() => ntk.fit(K([1, 2], 1, 2), [1, 2], [1, 2])).toThrow(/kernel\(X, X\) gave 1×2 .* expected 2×2/);
    expect(() => ntk.fit(K([1, 0, 0, Number.NaN], 2, 2), [1, 2], [1, 2])).toThrow(/NaN at row 1, column 1/);
    expect(() => ntk.fit(K([1, 0, 1, 1], 2, 2), [1, 2], [1, 2])).toThrow(/not symmetric/);
    expect(() => ntk.fit({ kernel: () => wrong(3) }, [1, 2], [1, 2])).toThrow(TypeError);
    const indefinite = K([1, 2, 2, 1], 2, 2);
    expect(() => ntk.fit(indefinite, [1, 2], [1, 2])).toThrow(NotPositiveDefiniteError);
    expect(() => ntk.fit(indefinite, [1, 2], [1, 2], { ridge: 0.5 })).toThrow(
      expect.objectContaining({ pivot: 1, ridge: 0.5 }),
    );
    expect(() => ntk.fit(indefinite, [1, 2], [1, 2], { ridges: [0.1] })).toThrow(NotPositiveDefiniteError);
    // Nothing is leaked by the failures: the next fit works.
    ntk.fit(K([2, 1, 1, 2], 2, 2), [1, 2], [1, 2]).dispose();
  });

  test("overflow is an error that names the entry; kernel entries alone may be infinite", () => {
    const big = createNetwork({
      inputs: 1,
      hidden: 2,
      activation: "identity",
      parameters: [0, 1e200, -1e200, 1e200, 1e200, 0, 0],
    });
    const at = [[0], [1]];
    expect(() => ntk.forward(big, at)).toThrow(
      /forward\(net, X\) overflows float64 at row 1, column 0 \(NaN\); rescale/,
    );
    expect(() => ntk.jacobian(big, [[0], [1e200]])).toThrow(/overflows float64 at row 1/);
    expect(() => ntk.kernelTimesVector(big, at, [1, 1])).toThrow(RangeError);
    expect(() =>
      ntk.linearize(net).at(
        net.parameters.map(() => 1e308),
        [[1e10, 0]],
      ),
    ).toThrow(/Φ\(X\)/);
    expect(ntk.kernel(big, at).data[3]).toBe(Infinity);
    expect(ntk.kernelDiagonal(big, at)[1]).toBe(Infinity);
    const uses = [
      () => ntk.fit(big, at, [1, 2], { ridge: 1, solver: "dual" }),
      () => ntk.fit(big, at, [1, 2], { ridge: 1, solver: "primal" }),
      () => ntk.fit(big, at, [1, 2], { ridges: [1] }),
    ];
    for (const use of uses) expect(use).toThrow(/overflows float64/);
    const wide = createNetwork({ inputs: 1, hidden: 1, activation: "relu", parameters: [0, 1e-200, 1e200, 0] });
    for (const use of [
      () => ntk.fit(wide, at, [1, 2], { ridge: 1 }),
      () => ntk.spectrum(wide, at, [1, 2]),
      () => ntk.spectrum(wide, at, [1, 2], { top: 1 }),
      () => ntk.alignment(wide, wide, at),
      () => ntk.alignment(wide, [1, 2], at),
      () => ntk.dynamics(wide, at, [1, 2], { learningRate: 1 }),
      () => ntk.train(wide, at, [1, 2], { learningRate: 1, steps: 1 }),
    ]) {
      expect(use).toThrow(/the kernel overflows float64 at row 1, column 1 \(Infinity\)/);
    }
    expect(() => ntk.matmul([[1e200]], [[1e200]])).toThrow(/A B overflows/);
    const skew = [
      [1e308, 1e308],
      [-1e308, 1e308],
    ];
    expect(() => ntk.cholesky(skew)).toThrow(/not symmetric/);
    expect(() => ntk.gram([[1e200]])).toThrow(RangeError);
    expect(() => ntk.solve([[1e-320]], [1])).toThrow(RangeError);
    expect(() =>
      ntk.eigh([
        [1e308, 1e308],
        [1e308, 1e308],
      ]),
    ).toThrow(/the spectrum\[1\] overflows/);
    // Nothing stays held.
    ntk.fit(net, X, Y, { ridge: 1 }).dispose();
  });

  test("a ridge that drowns in rounding", () => {
    const twins = [
      [1, 1],
      [1, 1],
    ];
    const fit = ntk.fit(net, [...twins, ...X], [1, 2, ...Y], { ridge: 1e-30, solver: "dual" });
    expect(fit.report).toMatchObject({ solver: "eigen", ridge: 1e-30 });
    expect(fit.report.notes.join()).toMatch(/the ridge 1e-30 is lost in rounding/);
    // Updates edit a Cholesky factor, and there is none.
    expect(() => fit.update({ remove: 0 })).toThrow(/fit with a ridge above 0/);
  });

  test("what does not fit is refused before any work", () => {
    const many = { data: new Float64Array(200_000), rows: 100_000, cols: 2 };
    expect(() => ntk.kernel(net, many)).toThrow(MemoryLimitError);
    expect(() =>
      ntk.fit(createNetwork({ inputs: 2, hidden: 50_000, biasStd: 1 }), many, new Float64Array(100_000)),
    ).toThrow(expect.objectContaining({ name: "MemoryLimitError", bytesLimit: 65535 * 65536 }));
  });

  test("use after dispose", async () => {
    const own = await loadVariant(variant);
    const fit = own.fit(net, X, Y, { ridge: 1 });
    const other = own.fit(net, X, Y, { ridge: 1 });
    fit.dispose();
    fit.dispose();
    expect(() => fit.predict(X)).toThrow(BackendError);
    expect(() => fit.parameters()).toThrow(/disposed/);
    own.dispose();
    expect(() => own.kernel(net, X)).toThrow(BackendError);
    expect(() => other.predict(X)).toThrow(BackendError);
    other.dispose();
  });
});
