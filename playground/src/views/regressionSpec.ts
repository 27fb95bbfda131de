// The settings of the regression view. The default activation is erf: a sigmoid whose infinite network has a kernel in
// closed form, fast enough for every frame of a drag.

import { BUNDLED } from "../data";
import { format } from "../numbers";
import type { Spec } from "../state";
import { ACTIVATIONS } from "./shared";

export const SPEC = {
  data: {
    kind: "select",
    label: "Start from",
    options: { ...BUNDLED, empty: "No points", mine: "My data" },
    value: "mcycle",
    help: "“My data”: edited or imported last.",
  },
  click: {
    kind: "select",
    label: "A click in the plot",
    options: { add: "adds or moves a point", remove: "removes a point" },
    value: "add",
    help: "Alt and a click always remove.",
  },
  model: {
    kind: "select",
    label: "Network",
    options: { finite: "of finite width", infinite: "infinitely wide", both: "both, to compare" },
    value: "both",
    help: "Infinite: the limit of wide ones.",
  },
  width: {
    kind: "range",
    label: "Width m",
    min: 1,
    max: 11,
    step: 1,
    value: 8,
    show: (v: number) => String(2 ** v),
    help: "Hidden units of the finite network.",
  },
  ridge: {
    kind: "range",
    label: "Ridge λ",
    min: -6,
    max: 3,
    step: 0.25,
    value: 0,
    show: (v: number) => format(10 ** v, 2),
    help: "Noise allowed for: more is smoother.",
  },
  activation: {
    kind: "select",
    label: "Activation",
    options: ACTIVATIONS,
    value: "erf",
    help: "What a hidden unit makes of its input.",
  },
  weightStd: {
    kind: "range",
    label: "Weight spread",
    min: 0.5,
    max: 16,
    step: 0.5,
    value: 3,
    help: "Larger weights bend more sharply.",
  },
  biasStd: {
    kind: "range",
    label: "Bias spread",
    min: 0,
    max: 16,
    step: 0.5,
    value: 3,
    help: "Larger biases spread the bends.",
  },
  seed: {
    kind: "range",
    label: "Seed",
    min: 0,
    max: 50,
    step: 1,
    value: 1,
    help: "Another draw of the finite network.",
  },
  samples: {
    kind: "check",
    label: "Posterior samples",
    value: false,
    help: "Functions that the band stands for.",
  },
} as const satisfies Spec;
