/** Memory that JavaScript owns: what cannot be had is a MemoryLimitError, not the engine's own. */
import { MemoryLimitError } from "./errors.js";
import { refusal } from "./words.js";

/** The most that a 32-bit WebAssembly memory can hold, less one page; one array of JavaScript's gets no more. */
export const BYTES_LIMIT = 65535 * 65536;

/** So many zeros. @throws MemoryLimitError */
export function zeros(length: number): Float64Array {
  return owned(length, () => new Float64Array(length));
}

/** A copy of numbers in memory of the backend. @throws MemoryLimitError */
export function copyOf(view: Float64Array): Float64Array {
  return owned(view.length, () => new Float64Array(view));
}

function owned(length: number, make: () => Float64Array): Float64Array {
  const bytes = length * 8;
  if (bytes <= BYTES_LIMIT) {
    try {
      return make();
    } catch {
      // The engine has no more: said below.
    }
  }
  throw refusal(
    new MemoryLimitError(
      `an array of ${length} numbers needs ${megabytes(bytes)}, more than ${megabytes(BYTES_LIMIT)} or than the machine gives; ` +
        "use fewer points, or ask for less at a time",
      bytes,
      BYTES_LIMIT,
    ),
  );
}

/** Bytes in words. */
export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toPrecision(4)} MiB`;
}
