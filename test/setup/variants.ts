/**
 * Which variants a suite must see on this engine. A suite calls `loadVariant`, which fails where another one answers:
 * the list is fixed by the engine, not by what happens to load.
 */
import { expect } from "vitest";
import { Arena } from "../../src/arena.js";
import { createTeam, createWasmBackend } from "../../src/backend/atOnce.js";
import { createJsBackend } from "../../src/backend/js/index.js";
import type { HelperTeam } from "../../src/backend/threads/team.js";
import type { Context } from "../../src/context.js";
import { load } from "../../src/index.js";
import { Ntk } from "../../src/ntk.js";
import type { Backend } from "../../src/ops.js";

export type Variant = "relaxed" | "simd" | "js";

/** Node 20 and Firefox before 146 have no relaxed SIMD; Node ≥ 22, Chromium and Firefox ESR 153 do. */
const inNode20 = typeof process === "object" && process.versions?.node?.startsWith("20.");
const firefox = globalThis.navigator?.userAgent.match(/ Firefox\/(\d+)/)?.[1];

const onThisEngine: Variant[] =
  inNode20 || Number(firefox ?? Infinity) < 146 ? ["simd", "js"] : ["relaxed", "simd", "js"];

/** The one that mutation testing asks for. */
const one: string | undefined = import.meta.env.NTK_VARIANT;
/** True in mutation testing, where many runs of a suite leave out what is slow and says the same. */
export const mutating = one !== undefined;
/** Those that a row of scripts/test.mjs asks for: names with commas between them. */
const asked: string[] | undefined = (one ?? import.meta.env.NTK_VARIANTS)?.split(",");
/** All of them that this engine has, unless some are asked for. */
export const variants = onThisEngine.filter((variant) => asked?.includes(variant) ?? true);

/**
 * Threads of the WebAssembly variants in every suite. With more than one, the smallest calls are shared too, which
 * `load` would leave to one thread.
 */
export const THREADS = Number(import.meta.env.NTK_THREADS ?? 1);

export async function loadVariant(variant: Variant, precision: "float64" | "float32" = "float64"): Promise<Ntk> {
  const ntk =
    THREADS > 1 && variant !== "js" ? await withThreads(variant, precision) : await load({ variant, precision });
  expect(ntk.threads).toBe(variant === "js" ? 1 : THREADS);
  expect(ntk.precision).toBe(precision);
  expect(ntk.variant).toBe(variant);
  expect(ntk.backend).toBe(variant === "js" ? "js" : "wasm");
  return ntk;
}

async function withThreads(variant: "relaxed" | "simd", precision: "float64" | "float32"): Promise<Ntk> {
  const { backend, team } = sharing(variant);
  await team.ready;
  return new Ntk(backend, precision);
}

/** A backend whose threads share everything. */
function sharing(variant: "relaxed" | "simd"): { backend: Backend; team: HelperTeam } {
  const made = createTeam(variant, THREADS);
  made.team.leastWork = 0;
  return made;
}

function backendOf(variant: Variant): Backend {
  if (variant === "js") return createJsBackend();
  return THREADS > 1 ? sharing(variant).backend : createWasmBackend(variant);
}

/** A backend and its arena, for tests of single ops. */
export function loadContext(variant: Variant): Context {
  const backend = backendOf(variant);
  expect(backend.variant).toBe(variant);
  return { ops: backend.ops, arena: new Arena(backend), precision: "float64", threads: THREADS, disposed: false };
}
