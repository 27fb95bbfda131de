// Choices that several views offer.
import type { Init } from "ntk-wasm/slim";
import { ActivationCode } from "../../../src/codes";
import { type ActivationName, isComplete } from "../../../src/model/activationParameters";

/**
 * All activations of the library that a name says all about. An enum also maps its codes to names: what is a code is
 * left out.
 */
export const ACTIVATIONS = Object.fromEntries(
  Object.keys(ActivationCode)
    .filter((name) => Number.isNaN(Number(name)) && isComplete(name as ActivationName))
    .map((name) => [name, name]),
);

/** All initialisations but the uniform twins, with their names for people. */
export const INITS: Record<Exclude<Init, `${string}Uniform`>, string> = {
  lecun: "LeCun",
  he: "He",
  glorot: "Glorot",
  ntk: "NTK",
  unit: "unit",
  smallReadout: "small readout",
};
