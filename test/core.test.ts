/** The entry with kernels, fits and linear algebra alone. */
import { describe, expect, test } from "vitest";
import { binary as relaxed } from "../src/backend/relaxed.generated.js";
import { binary as simd } from "../src/backend/simd.generated.js";
import { Core } from "../src/core.js";
import { load } from "../src/coreEntry.js";
import { BackendError, createNetwork, rbfKernel } from "../src/index.js";
import { Ntk } from "../src/ntk.js";
import { load as loadSlim } from "../src/slim.js";
import { variants } from "./setup/variants.js";

const BINARIES = { simd, relaxed };
const net = createNetwork({ inputs: 1, hidden: 30, init: "ntk", biasStd: 1, seed: 2 });
const X = Float64Array.from({ length: 40 }, (_, i) => -2 + i / 10);
const Y = X.map((x) => Math.sin(3 * x));

describe.each(variants.filter((variant) => variant !== "js"))("%s", async (variant) => {
  const module = await WebAssembly.compile(Uint8Array.from(atob(BINARIES[variant]), (c) => c.charCodeAt(0)));

  test("it computes as the whole library does", async () => {
    using core = await load({ module });
    using ntk = await loadSlim({ module });
    expect([core.backend, core.variant, core.precision, core.threads]).toEqual(["wasm", variant, "float64", 1]);
    expect(core).not.toBeInstanceOf(Ntk);
    expect(ntk).toBeInstanceOf(Core);
    expect(core.kernel(net, X)).toEqual(ntk.kernel(net, X));
    for (const solver of ["dual", "primal"] as const) {
      const [own, theirs] = [core, ntk].map((one) => one.fit(net, X, Y, { ridge: 0.1, solver }));
      expect(own.predict(X, { noise: true })).toEqual(theirs.predict(X, { noise: true }));
      expect(core.restore(own.snapshot()).predict(X)).toEqual(theirs.predict(X));
    }
  });

  test("where the whole library finds a low rank, all rows are solved, and the report says so", async () => {
    using core = await load({ module });
    using ntk = await loadSlim({ module });
    const many = Float64Array.from({ length: 2000 }, (_, i) => -2 + i / 500);
    const targets = many.map((x) => Math.sin(3 * x));
    const [own, theirs] = [core, ntk].map((one) => one.fit(rbfKernel(), many, targets, { ridge: 0.1 }));
    expect([own.report.solver, theirs.report.solver]).toEqual(["dual", "lowrank"]);
    expect(own.report.notes.join()).toMatch(
      /auto looks for a low rank; ntk-wasm\/core cannot, and solved with all rows/,
    );
    const [mean, want] = [own, theirs].map((fit) => fit.predict(X).mean.data);
    mean.forEach((value, i) => {
      expect(value).toBeCloseTo(want[i], 9);
    });
    const few = core.fit(rbfKernel(), many.subarray(1), targets.subarray(1), { ridge: 0.1 });
    expect(few.report.notes).toEqual([]);
  });

  test("a solver that is not here, and a fit of such a solver, say so", async () => {
    using core = await load({ module });
    using ntk = await loadSlim({ module });
    for (const solver of ["cg", "lowrank"] as const) {
      const asked = { ridge: 0.1, solver };
      const message = `ntk-wasm/core has no solver "${solver}"; expected solver "dual", "primal" or "auto"`;
      expect(() => core.fit(net, X, Y, asked)).toThrow(message);
      const snapshot = ntk.fit(net, X, Y, asked).snapshot();
      expect(() => core.restore(snapshot)).toThrow(
        `the snapshot is of solver "${solver}", which ntk-wasm/core is without; expected one of "dual" or "primal"`,
      );
    }
  });

  test("it refuses what is no module, and calls after dispose()", async () => {
    await expect(load({ module: 5 } as never)).rejects.toThrow(TypeError);
    await expect(load({ module, thread: 1 } as never)).rejects.toThrow(/unknown option "thread"/);
    const core = await load({ module });
    expect(() => core.fit(rbfKernel(), X, Y, { solver: "primal" } as never)).toThrow(
      /expected solver "dual" or "auto"/,
    );
    core.dispose();
    expect(() => core.kernel(net, X)).toThrow(BackendError);
    expect(() => core.kernel(net, X)).toThrow(/this Core was disposed of/);
  });
});
