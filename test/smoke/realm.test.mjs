// For runners that give each test file a realm of its own (jest, vitest's vm pools): arrays that come out of
// structuredClone and of a worker are another realm's there, and have to go in again. scripts/smoke.mjs runs it.
import { createNetwork, load, NotPositiveDefiniteError } from "ntk-wasm";
import { loadInWorker } from "ntk-wasm/worker";

const X = Array.from({ length: 30 }, (_, i) => i / 10 - 1.5);
const Y = X.map((x) => Math.sin(2 * x));
const net = createNetwork({ inputs: 1, hidden: 64, biasStd: 1, seed: 1 });

for (const backend of ["wasm", "js"]) {
  test(`${backend}: fits, and takes what a worker and structuredClone give`, async () => {
    const ntk = await load({ backend });
    expect(ntk.backend).toBe(backend);
    const value = ntk.fit(net, X, Y, { ridge: 1e-4 }).predict([0.25]).mean.data[0];
    expect(Math.abs(value - Math.sin(0.5))).toBeLessThan(0.02);

    const there = await loadInWorker({ backend });
    expect(there.variant).toBe(ntk.variant);
    const { mean } = await (await there.fit(net, X, Y, { ridge: 1e-4 })).predict([0.25]);
    expect(mean.data[0]).toBe(value);
    const trained = await there.train(net, X, Y, { learningRate: 0.01, steps: 10, recordAt: [] });
    const error = await there.cholesky([[-1]]).catch((reason) => reason);
    expect(error instanceof NotPositiveDefiniteError).toBe(true);
    expect(error.name).toBe("NotPositiveDefiniteError");

    expect(mean.data instanceof Float64Array).toBe(false);
    expect(ntk.forward(net, mean).data).toEqual(ntk.forward(net, [value]).data);
    expect(ntk.forward(net, mean.data).data).toEqual(ntk.forward(net, [value]).data);
    const [network, rates] = globalThis.structuredClone
      ? structuredClone([net, new Float64Array([0.1, 0.1])])
      : [trained.network, mean.data];
    expect(rates instanceof Float64Array).toBe(false);
    expect(ntk.fit(network, X, Y, { ridge: 1e-4 }).predict(mean).mean.rows).toBe(1);
    expect(ntk.train(network, X, Y, { learningRate: rates, steps: 1 }).steps).toEqual([0, 1]);
    const [K, diagonal] = [await there.kernel(net, X), await there.kernelDiagonal(net, X)];
    const custom = { kernel: () => K, diagonal: () => diagonal };
    expect(ntk.kernelDiagonal(custom, X).length).toBe(30);
    expect(ntk.fit(custom, X, Y, { ridge: 1e-2 }).report.solver).toBe("dual");
    await there.dispose();
  });
}
