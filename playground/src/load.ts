// The library in the worker. The binary that this browser runs is fetched by itself. The inlined binaries and the
// JavaScript backend are fetched only where they are timed.

import relaxed from "ntk-wasm/relaxed.wasm?url";
import simd from "ntk-wasm/simd.wasm?url";
import { load, type Ntk, supports } from "ntk-wasm/slim";

let loading: Promise<Ntk> | undefined;

/** The one instance of all views. @throws BackendError where this browser has no WebAssembly SIMD. */
export function library(): Promise<Ntk> {
  loading ??= start(supports("relaxed") ? relaxed : simd);
  return loading;
}

async function start(url: string): Promise<Ntk> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
  // Not compileStreaming: a server may not know the type of .wasm files.
  return load({ module: await WebAssembly.compile(await answer.arrayBuffer()) });
}
