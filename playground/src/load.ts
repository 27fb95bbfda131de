// The library in the worker. The binary that this browser runs is fetched by itself, once. The inlined binaries and the
// JavaScript backend are fetched only where they are timed, and where WebAssembly does not run.

import { type Core, load, supports } from "ntk-wasm/core";
import relaxed from "ntk-wasm/relaxed.wasm?url";
import simd from "ntk-wasm/simd.wasm?url";

interface Loaded {
  core: Core;
  /** Why WebAssembly does not compute; undefined where it does. */
  reason: string | undefined;
}
let loading: Promise<Loaded> | undefined;
let compiling: Promise<WebAssembly.Module> | undefined;

/** What the first views compute with, and why it is not WebAssembly. */
export function loaded(): Promise<Loaded> {
  loading ??= start();
  return loading;
}

async function start(): Promise<Loaded> {
  const module = await compiled().catch((error: Error) => error);
  if (!(module instanceof Error)) return { core: await load({ module }), reason: undefined };
  const whole = await import("ntk-wasm");
  return { core: await whole.load({ variant: "js" }), reason: module.message };
}

/** The binary, compiled. @throws Error with the reason in words where WebAssembly does not run. */
export function compiled(): Promise<WebAssembly.Module> {
  compiling ??= compile();
  return compiling;
}

async function compile(): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === "undefined") throw new Error("this browser has no WebAssembly, or a setting turns it off");
  const variant = (["relaxed", "simd"] as const).find((one) => supports(one));
  if (!variant) throw new Error("this browser has no WebAssembly SIMD, or a setting turns it off");
  const url = variant === "relaxed" ? relaxed : simd;
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} could not be fetched (${answer.status} ${answer.statusText})`);
  // Not compileStreaming: a server may not know the type of .wasm files.
  return WebAssembly.compile(await answer.arrayBuffer());
}
