/** What a fit shows of itself where nothing of it is read by name: in JSON and on a console. */
import { beforeAll, describe, expect, test } from "vitest";
import { fieldNames } from "../src/fields.js";
import { createNetwork, type Ntk, rbfKernel } from "../src/index.js";
import { loadVariant, variants } from "./setup/variants.js";

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
/** What a console without options shows. */
const shown = (object: object) =>
  (object as Record<symbol, (depth: number, options: object, print: (value: unknown) => string) => string>)[INSPECT](
    2,
    {},
    (value) => JSON.stringify(value),
  );

const net = createNetwork({ inputs: 1, hidden: 8, biasStd: 1, seed: 3 });
const X = [0, 0.3, 0.5, 1.1, 1.4, 2];
const Y = X.map(Math.sin);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const reports = {
    fit: () => ntk.fit(net, X, Y, { ridge: 0.1, scale: "fit" }).report,
    fitSums: () => ntk.fitSums(net, ntk.primalSums(net, X, Y), { ridge: 0.1 }).report,
  };

  test.each(Object.keys(reports) as (keyof typeof reports)[])("the JSON of the report of %s has each field", (name) => {
    const report = reports[name]();
    const json = JSON.parse(JSON.stringify(report));
    const held = fieldNames(report).filter((field) => (report as never)[field] !== undefined);
    expect(Object.keys(json).sort()).toEqual(held.sort());
    expect(held).toEqual(
      expect.arrayContaining(["ridge", "notes", "scales", "degreesOfFreedom", "logEvidence", "rank"]),
    );
    expect(json.scales).toEqual([...report.scales]);
    expect(json.degreesOfFreedom).toBe(report.degreesOfFreedom);
    expect(json.notes).toEqual(report.notes);
  });

  test("leave-one-out residuals are a matrix of plain numbers in JSON", () => {
    const { report } = ntk.fit(
      createNetwork({ inputs: 1, hidden: 8, outputs: 2, seed: 3 }),
      X,
      X.map((x) => [x, -x]),
      { ridge: 0.1 },
    );
    const { looResiduals } = JSON.parse(JSON.stringify(report));
    expect(looResiduals).toEqual({ data: [...(report.looResiduals?.data ?? [])], rows: 6, cols: 2 });
  });

  test("a field that overflows is left out", () => {
    const { report } = ntk.fit(
      net,
      X,
      X.map((_, i) => (i % 2 ? 1e200 : -1e200)),
      { ridge: 1e-3, scale: "fit" },
    );
    expect(() => report.scale).toThrow(RangeError);
    const json = JSON.parse(JSON.stringify(report));
    expect(json).not.toHaveProperty("scale");
    expect(json.ridge).toBe(1e-3);
  });

  test("a console shows what a report knows, computes nothing, and names the rest", () => {
    const fit = ntk.fit(net, X, Y, { ridge: 0.1 });
    expect(shown(fit.report)).toMatch(/^Report \{.*"ridge":0.1.*"computed when read":\[.*"rank".*\]/);
    const rank = fit.report.rank;
    expect(shown(fit.report)).toContain(`"rank":${rank}`);
    expect(shown(fit)).toMatch(/^Fit \{"model":"network 1-8-1, sigmoid","points":6,"inputs":1,"outputs":1/);
    fit.dispose();
    expect(shown(fit)).toContain('"points":6');
  });

  test("a fit's model is a copy of the model that was fitted", () => {
    const fit = ntk.fit(net, X, Y, { ridge: 0.1 });
    expect(fit.model).toEqual(net);
    const before = fit.predict([0.7]).mean.data[0];
    (fit.model as typeof net).parameters.fill(0);
    expect(fit.predict([0.7]).mean.data[0]).toBe(before);
    const kernel = rbfKernel({ lengthScale: 2 });
    expect(ntk.fit(kernel, X, Y, { ridge: 0.1 }).model).toEqual(kernel);
  });

  test("a fit whose bands are ten times too narrow says so", () => {
    const large = Y.map((y) => 1e4 * y);
    const [note] = ntk.fit(net, X, large, { ridge: 0.1 }).report.notes;
    const { scale } = ntk.fit(net, X, large, { ridge: 0.1, scale: "fit" }).report;
    expect(scale).toBeGreaterThan(100);
    expect(note).toContain(`the targets ask for ${scale.toPrecision(2)}`);
    expect(note).toContain('scale: "fit"');
    expect(ntk.fit(net, X, large, { ridge: 0.1, scale: "fit" }).report.notes).toEqual([]);
    expect(ntk.fit(net, X, Y, { ridge: 0.1 }).report.notes).toEqual([]);
  });
});
