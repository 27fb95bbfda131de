/**
 * Memory of the JavaScript backend: one growing ArrayBuffer seen as doubles. Addresses are bytes, as in WebAssembly, so
 * an index is `address >>> 3`, or `>>> 2` among the floats. Growing replaces both views: an op takes them once, at its
 * start.
 */
export class Memory {
  f64 = new Float64Array(2 ** 17);
  /** The same bytes. */
  f32 = new Float32Array(this.f64.buffer);

  /** Makes bytes [0, end) usable, at least doubling; false where the engine refuses. */
  grow(end: number): boolean {
    const have = this.f64.byteLength;
    if (end <= have) return true;
    for (const bytes of [Math.max(end, 2 * have), end]) {
      try {
        const next = new Float64Array(Math.ceil(bytes / 8));
        next.set(this.f64);
        this.f64 = next;
        this.f32 = new Float32Array(next.buffer);
        return true;
      } catch {
        // Too much for the engine: once more without the reserve, then give up.
      }
    }
    return false;
  }
}
