/** Which suite tests which op. A new op is a type error here until it has a row, and fails until its suite names it. */
/// <reference types="vite/client" />
import { expect, test } from "vitest";
import type { Ops } from "../../src/ops.js";
import { loadContext, variants } from "../setup/variants.js";

const suites: Record<keyof Ops, string> = {
  dgemm: "product",
  dgemmScratchBytes: "product",
  dsyrk: "product",
  dgram: "product",
  dgramCross: "product",
  dgramScratchBytes: "product",
  dgramBlock: "product",
  dgramBlockCross: "product",
  dpotrf: "cholesky",
  dpotrfScratchBytes: "cholesky",
  dgetrf: "lu",
  dgetrfScratchBytes: "lu",
  dtrsm: "trsm",
  dtrsmScratchBytes: "trsm",
  dtrsv: "trsm",
  dch1up: "choleskyEdits",
  dch1upScratchBytes: "choleskyEdits",
  dch1dn: "choleskyEdits",
  dchdex: "choleskyEdits",
  daffine: "features",
  dactivate: "halves",
  dfeatures: "features",
  dfeaturesScratchBytes: "features",
  dkhatrirao: "jacobian",
  dvjp: "jacobian",
  ddescend: "train",
  dloss: "loss",
  dtrain: "train",
  dtrainScratchBytes: "train",
  dbatch: "batch",
  dgemv: "level2",
  drowdot: "level2",
  dhadamard: "level2",
  dmirror: "level2",
  dasymmetry: "level2",
  dtranspose: "level2",
  dcovariance: "infinite",
  ddual: "infinite",
  ddualScratchBytes: "infinite",
  dmoments: "infinite",
  dunit: "infinite",
  deigh: "eigen",
  deighScratchBytes: "eigen",
  dnormals: "random",
  dnormalsScratchBytes: "random",
  djump: "random",
  saffine: "halves",
  sactivate: "halves",
  sfeatures: "float32",
  sfeaturesScratchBytes: "float32",
  sgemm: "float32",
  sgemmScratchBytes: "float32",
  ssyrk: "float32",
  sgram: "float32",
  sgramCross: "float32",
  sgramBlock: "float32",
  sgramBlockCross: "float32",
  sgramScratchBytes: "float32",
  dntk: "ntk",
  dntkCross: "ntk",
  dntkScratchBytes: "ntk",
  sntk: "ntk",
  sntkCross: "ntk",
  sntkScratchBytes: "ntk",
  spotrf: "float32",
  spotrfScratchBytes: "float32",
  strsm: "float32",
  strsmScratchBytes: "float32",
  strsv: "float32",
  shadamard: "float32",
  smirror: "float32",
};

const sources = import.meta.glob<string>("./*.test.ts", { query: "?raw", import: "default", eager: true });

test("the JavaScript backend has these ops and no others", () => {
  expect(Object.keys(loadContext("js").ops).sort()).toEqual(Object.keys(suites).sort());
});

test.each(variants)("%s has them all", (variant) => {
  const { ops } = loadContext(variant);
  for (const op of Object.keys(suites) as (keyof Ops)[]) expect(ops[op], op).toBeTypeOf("function");
});

test.each(Object.entries(suites))("%s is called in the suite %s", (op, suite) => {
  expect(sources[`./${suite}.test.ts`]).toContain(`ops.${op}(`);
});
