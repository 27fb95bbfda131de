/**
 * Which variants a suite must see on this engine. A suite calls `loadVariant`, which fails where another one answers:
 * the list is fixed by the engine, not by what happens to load.
 */
import { expect } from "vitest";
import { Arena } from "../../src/arena.js";
import { createWasmBackend } from "../../src/backend/inlined.js";
import { createJsBackend } from "../../src/backend/js/index.js";
import type { Context } from "../../src/context.js";
import { load, type Ntk } from "../../src/index.js";

export type Variant = "relaxed" | "simd" | "js";

/** Node 20 and Firefox before 146 have no relaxed SIMD; Node ≥ 22, Chromium and Firefox ESR 153 do. */
const inNode20 = typeof process === "object" && process.versions?.node?.startsWith("20.");
const firefox = globalThis.navigator?.userAgent.match(/ Firefox\/(\d+)/)?.[1];

export const variants: Variant[] =
  inNode20 || Number(firefox ?? Infinity) < 146 ? ["simd", "js"] : ["relaxed", "simd", "js"];

export async function loadVariant(variant: Variant, precision: "float64" | "float32" = "float64"): Promise<Ntk> {
  const ntk = await load({ variant, precision });
  expect(ntk.precision).toBe(precision);
  expect(ntk.variant).toBe(variant);
  expect(ntk.backend).toBe(variant === "js" ? "js" : "wasm");
  return ntk;
}

/** A backend and its arena, for tests of single ops. */
export function loadContext(variant: Variant): Context {
  const backend = variant === "js" ? createJsBackend() : createWasmBackend(variant);
  expect(backend.variant).toBe(variant);
  return { ops: backend.ops, arena: new Arena(backend), precision: "float64", disposed: false };
}
