// The library in the worker. The binary that this browser runs is fetched by itself. The inlined binaries and the
// JavaScript backend are fetched only where they are timed, and where WebAssembly does not run.

import relaxed from "ntk-wasm/relaxed.wasm?url";
import simd from "ntk-wasm/simd.wasm?url";
import { load, type Ntk, supports } from "ntk-wasm/slim";

interface Loaded {
  ntk: Ntk;
  /** Why WebAssembly does not compute; undefined where it does. */
  reason: string | undefined;
}
let loading: Promise<Loaded> | undefined;

/** The one instance of all views. */
export const library = async (): Promise<Ntk> => (await loaded()).ntk;

/** The instance, and why it is not WebAssembly. */
export function loaded(): Promise<Loaded> {
  loading ??= start();
  return loading;
}

async function start(): Promise<Loaded> {
  const module = await compiled().catch((error: Error) => error);
  if (!(module instanceof Error)) return { ntk: await load({ module }), reason: undefined };
  const { load: loadAny } = await import("ntk-wasm");
  return { ntk: await loadAny({ variant: "js" }), reason: module.message };
}

/** @throws Error with the reason in words where WebAssembly does not run. */
async function compiled(): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === "undefined") throw new Error("this browser has no WebAssembly, or a setting turns it off");
  const variant = (["relaxed", "simd"] as const).find(supports);
  if (!variant) throw new Error("this browser has no WebAssembly SIMD, or the page's policy forbids WebAssembly");
  const url = variant === "relaxed" ? relaxed : simd;
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} could not be fetched (${answer.status} ${answer.statusText})`);
  // Not compileStreaming: a server may not know the type of .wasm files.
  return WebAssembly.compile(await answer.arrayBuffer());
}
