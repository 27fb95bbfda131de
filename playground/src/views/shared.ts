// Choices that several views offer.
export const ACTIVATIONS = Object.fromEntries(
  ["sigmoid", "tanh", "relu", "erf", "gelu", "softplus", "silu", "sin", "identity"].map((name) => [name, name]),
);
export const INITS = { lecun: "LeCun", he: "He", glorot: "Glorot", ntk: "NTK", unit: "unit", meanField: "mean field" };
