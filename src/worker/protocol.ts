/**
 * What goes between the calling side and the worker. Every call has a number and is answered once. What its callbacks
 * are called with comes in between. Objects that live in the worker (a `Fit`, say) have a number of their own; 0 is the
 * `Ntk`.
 */
import type { WasmModule } from "../backend/wasmModule.js";
import { isErrorLike } from "../brand.js";
import {
  BackendError,
  ConvergenceError,
  MemoryLimitError,
  NotPositiveDefiniteError,
  SingularMatrixError,
} from "../errors.js";
import { StreamError } from "../regression/streamError.js";

/** To the worker. */
export type Request =
  | {
      type: "load";
      id: number;
      variant: "relaxed" | "simd" | "js";
      precision: "float64" | "float32";
      module?: WasmModule | undefined;
      /** Default 1. */
      threads?: number;
      variantReason?: string | undefined;
      threadsReason?: string | undefined;
    }
  | {
      type: "call";
      id: number;
      target: number;
      method: string;
      args: unknown[];
      /** The argument that had callbacks or a `signal`, and the names of the callbacks. */
      options?: { at: number; callbacks: string[] };
    }
  | { type: "abort"; id: number }
  | { type: "free"; target: number };

/** From the worker. Its first word is `ready`; after `down` it answers nothing. */
export type Reply =
  | { type: "ready" }
  | { type: "down"; reason: string }
  | { type: "result"; id: number; value: unknown }
  | { type: "handle"; id: number; handle: Handle }
  | { type: "error"; id: number; error: PlainError }
  | { type: "callback"; id: number; name: string; value: unknown };

/** An object in the worker: its number, what it can be asked, and the fields that never change. */
export interface Handle {
  target: number;
  kind: Kind;
  methods: string[];
  fields: Record<string, unknown>;
}

export type Kind =
  | "ntk"
  | "fit"
  | "fitSums"
  | "classify"
  | "dynamics"
  | "ensemble"
  | "sampleKernel"
  | "spectrum"
  | "linearize"
  | "slices"
  | "feed";

/** Options that are functions: they stay on the calling side, and are called there. */
export const CALLBACKS: readonly string[] = ["onProgress", "onRecord"];

/** Methods that run as their generator does, with the worker's messages read between its slices. */
export const SLICED: Readonly<Record<string, string>> = {
  train: "training",
  compare: "comparing",
  sweep: "sweeping",
  tune: "tuning",
  fit: "fitting",
  crossValidate: "crossValidating",
};

/** True where a call of a sliced method answers an abort itself: of the fits, those by conjugate gradients. */
export function isSliced(method: string, args: readonly unknown[]): boolean {
  if (method !== "fit") return method in SLICED;
  const options = args[3] as { solver?: unknown } | null | undefined;
  return typeof options === "object" && options?.solver === "cg";
}

/** Generators: the calling side gets an async one. */
export const GENERATORS: readonly string[] = [...Object.values(SLICED), "kernelTiles"];

/** Said of functions among the arguments. */
export const NO_FUNCTIONS =
  "functions do not cross to a worker; expected a network or another model of plain data (custom kernels and activations of your own run with load(), on the calling thread)";

/** An error as plain data. */
export interface PlainError {
  name: string;
  message: string;
  stack: string | undefined;
  cause: PlainError | undefined;
  fields: Record<string, unknown>;
}

/** How to make an error of each class again. */
const CLASSES: Readonly<Record<string, (message: string, fields: Record<string, unknown>) => Error>> = {
  TypeError: (message) => new TypeError(message),
  RangeError: (message) => new RangeError(message),
  BackendError: (message) => new BackendError(message),
  StreamError: (message, fields) => new StreamError(message, fields as { batch: number }),
  ConvergenceError: (message, fields) => new ConvergenceError(message, fields),
  MemoryLimitError: (message, { bytesNeeded, bytesLimit }) =>
    new MemoryLimitError(message, bytesNeeded as number, bytesLimit as number),
  NotPositiveDefiniteError: (message, { pivot, ridge }) =>
    new NotPositiveDefiniteError(message, pivot as number, ridge as number),
  SingularMatrixError: (message, { pivot }) => new SingularMatrixError(message, pivot as number),
};

/** An error as plain data, with all its fields. */
export function packError(value: unknown): PlainError {
  if (!isErrorLike(value)) {
    return { name: "Error", message: String(value), stack: undefined, cause: undefined, fields: {} };
  }
  const { name, message, stack } = value;
  const cause = value.cause === undefined ? undefined : packError(value.cause);
  return { name, message, stack, cause, fields: { ...value, name: undefined } };
}

/** The error again, an instance of its class on this side, or an Error of its name; its stack is the worker's. */
export function unpackError({ name, message, stack, cause, fields }: PlainError): Error {
  const error = CLASSES[name]?.(message, fields) ?? new Error(message);
  const own = { name: error.name === name ? undefined : name, stack, cause: cause && unpackError(cause) };
  for (const [key, value] of Object.entries(own)) {
    if (value !== undefined) Object.defineProperty(error, key, { value, configurable: true, writable: true });
  }
  return error;
}
