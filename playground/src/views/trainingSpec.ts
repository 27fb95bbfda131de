// The settings of the training view.
import { BUNDLED } from "../data";
import type { Spec } from "../state";
import { ACTIVATIONS, HELP, INITS } from "./shared";

export const SPEC = {
  data: {
    kind: "select",
    label: "Data",
    options: BUNDLED,
    value: "wave",
    help: "Standardised to mean 0, deviation 1.",
  },
  width: {
    kind: "range",
    label: "Width m",
    min: 2,
    max: 10,
    step: 1,
    value: 5,
    show: (v: number) => String(2 ** v),
    help: HELP.width,
  },
  init: { kind: "select", label: "Initialisation", options: INITS, value: "ntk", help: HELP.init },
  weightStd: { kind: "range", label: "Weight spread", min: 0.5, max: 8, step: 0.5, value: 2, help: HELP.weightStd },
  biasStd: { kind: "range", label: "Bias spread", min: 0, max: 8, step: 0.5, value: 2, help: HELP.biasStd },
  share: {
    kind: "range",
    label: "Rate, of the largest stable one",
    min: 0.1,
    max: 1.5,
    step: 0.1,
    value: 0.5,
    show: (v: number) => `${Math.round(100 * v)} %`,
    help: "From 100 % the first-order model diverges.",
  },
  horizon: {
    kind: "range",
    label: "Steps",
    min: 2,
    max: 4,
    step: 0.5,
    value: 3,
    show: (v: number) => String(Math.round(10 ** v)),
    help: "A run ends early where it diverges.",
  },
  activation: { kind: "select", label: "Activation", options: ACTIVATIONS, value: "sigmoid", help: HELP.activation },
  seed: { kind: "range", label: "Seed", min: 0, max: 50, step: 1, value: 1, help: HELP.seed },
} as const satisfies Spec;
