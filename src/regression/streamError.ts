/** The error of a stream that ends early. It holds the sums so far, which is why it is not among the other errors. */
import type { PrimalSums } from "./primalSums.js";

/** A stream of batches ended before its end; nothing of what came before is lost. `cause` says why. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  /** The batch at which it ended, counted from 0 in this call. */
  readonly batch: number;
  /** The row of the batch that is no row of finite numbers; undefined where it ended for another reason. */
  readonly row: number | undefined;
  /** The sums of all rows before the batch: `fitStream` goes on from them. Undefined where there are none. */
  readonly state: PrimalSums | undefined;
  constructor(
    message: string,
    details: { batch: number; row?: number | undefined; state?: PrimalSums | undefined; cause?: unknown },
  ) {
    super(message, { cause: details.cause });
    this.batch = details.batch;
    this.row = details.row;
    this.state = details.state;
  }
}
