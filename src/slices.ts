/**
 * Long work as a generator. It yields between slices, so that a page can paint and a worker can read its messages.
 * Plain calls drain it.
 */

/** Runs all slices, and returns the result. */
export function drain<Result>(slices: Generator<unknown, Result, void>): Result {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}
