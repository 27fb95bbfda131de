/**
 * The table of activations in TypeScript, one row for each code of the ABI. Everything else iterates it or is a
 * `Record` over its names. How to add one: ARCHITECTURE.md, "One obvious place".
 */
import type { ActivationCode } from "../activationCode.js";
import { choice } from "../options.js";
import * as dualActivations from "./dualActivation.js";
import * as maps from "./rowMaps.js";

/** Name of an activation. */
export type Activation = keyof typeof ActivationCode;

interface ActivationRow {
  /** σ and its slope, for the JavaScript backend: S = σ(S) in place and G = gain ∘ σ'. */
  readonly map: maps.RowMap;
  /** Gaussian expectations of both, for infinite width. */
  readonly dualActivation: dualActivations.DualActivation;
  /**
   * A mixture of probits has a series, whose moments are of `scale` times the variance; `slopes`: it weighs term k by
   * 2k + 2.
   */
  readonly mixture?: { readonly scale: number; readonly slopes?: boolean };
}

/** What each activation is. */
export const ACTIVATIONS: Record<Activation, ActivationRow> = {
  /** 1/(1 + e^−z), slope σ(1 − σ). */
  sigmoid: { map: maps.sigmoid, dualActivation: dualActivations.sigmoid, mixture: { scale: 1 } },
  /** Slope 1 − tanh² z. */
  tanh: { map: maps.tanh, dualActivation: dualActivations.tanh, mixture: { scale: 4 } },
  /** Slope 2/√π e^(−z²). */
  erf: { map: maps.erf, dualActivation: dualActivations.erf },
  /** max(z, 0), slope 1 for z > 0 and 0 else. */
  relu: { map: maps.relu, dualActivation: dualActivations.relu },
  /** z, slope 1. */
  identity: { map: maps.identity, dualActivation: dualActivations.identity },
  /** z Φ(z), exact; slope Φ(z) + z φ(z). */
  gelu: { map: maps.gelu, dualActivation: dualActivations.gelu },
  /** log(1 + e^z), slope the sigmoid. */
  softplus: { map: maps.softplus, dualActivation: dualActivations.softplus, mixture: { scale: 1 } },
  /** z s(z), s the sigmoid; slope s (1 + z (1 − s)). */
  silu: { map: maps.silu, dualActivation: dualActivations.silu, mixture: { scale: 1, slopes: true } },
  /** Slope cos z. */
  sin: { map: maps.sin, dualActivation: dualActivations.sin },
};

/** The name of an activation. */
export const ACTIVATION = choice(Object.keys(ACTIVATIONS) as Activation[]);
