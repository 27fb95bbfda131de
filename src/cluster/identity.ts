/** Who computes the same bits: the version, the variant, and what the arithmetic of this machine gives. */
import { build, version } from "../backend/marker.generated.js";
import type { Matrix } from "../matrix.js";
import { createInfiniteNetwork } from "../model/infinite.js";
import { createNetwork } from "../model/network.js";
import { script } from "../worker/script.generated.js";
import { encode } from "./codec.js";
import type { Computer } from "./plan.js";
import { sha256 } from "./store.js";

/** What the workers of a cluster share. Workers that differ in any of it are refused. */
export interface Identity {
  version: string;
  /** Hash of the code that computes. */
  build: string;
  variant: "relaxed" | "simd" | "js";
  /** Hash of some results. Machines differ in it where their processors fuse or round otherwise. */
  fingerprint: string;
}

const POINTS: Matrix = { data: Float64Array.from({ length: 24 }, (_, i) => Math.sin(i)), rows: 12, cols: 2 };
const TARGETS: Matrix = { data: Float64Array.from({ length: 12 }, (_, i) => (i * i) % 7), rows: 12, cols: 1 };

/** The identity of what computes here. It costs two small kernels and a fit. */
export async function identityOf(ntk: Computer & { variant: Identity["variant"] }): Promise<Identity> {
  const net = createNetwork({ inputs: 2, hidden: [9, 7], activation: "gelu", biasStd: 1, seed: 1 });
  const infinite = createInfiniteNetwork({ depth: 2, activation: "sigmoid", biasStd: 1 });
  const fit = await ntk.fit(net, POINTS, TARGETS, { ridge: 0.01 });
  const { mean } = await fit.predict(POINTS, { variance: false });
  fit.dispose();
  const results = [mean, await ntk.kernel(net, POINTS, POINTS, {}), await ntk.kernel(infinite, POINTS, POINTS, {})];
  const fingerprint = sha256(encode(results)).slice(0, 12);
  // The binaries, and all of the script that computes in a worker.
  const code = sha256(build + script).slice(0, 12);
  return { version, build: code, variant: ntk.variant, fingerprint };
}

/** An identity in a line. */
export function shown({ version, build, variant, fingerprint }: Identity): string {
  return `ntk-wasm ${version} (build ${build}), variant ${variant}, bits ${fingerprint}`;
}
