/**
 * The order of rows in stochastic descent. An epoch is a permutation of the rows (Fisher & Yates) from the substream of
 * its number, so that any epoch can be made without those before it, and is the same in every engine. A batch is the
 * next `size` rows; the last batch of an epoch has those that are left.
 */
import { Substreams } from "../model/random.js";

export class Batches {
  /** Rows of a batch, at most N. */
  readonly size: number;
  /** Steps of an epoch. */
  readonly perEpoch: number;
  readonly #rows: number;
  readonly #seed: number;
  #streams: Substreams;
  #epoch = -1;
  #order = new Int32Array(0);

  constructor(rows: number, size: number, seed: number) {
    this.#rows = rows;
    this.size = Math.min(size, rows);
    this.perEpoch = Math.ceil(rows / this.size);
    this.#seed = seed;
    this.#streams = new Substreams(seed);
  }

  /** The rows of step `step`, from 0 on: a view to use at once. */
  at(step: number): Int32Array {
    const epoch = Math.floor(step / this.perEpoch);
    const from = (step - epoch * this.perEpoch) * this.size;
    return this.#permutation(epoch).subarray(from, Math.min(this.#rows, from + this.size));
  }

  #permutation(epoch: number): Int32Array {
    if (epoch === this.#epoch) return this.#order;
    // Substreams come in ascending order.
    if (epoch < this.#epoch) this.#streams = new Substreams(this.#seed);
    const stream = this.#streams.at(epoch);
    const order = Int32Array.from({ length: this.#rows }, (_, i) => i);
    for (let i = this.#rows - 1; i > 0; i--) {
      const j = Math.floor(stream.uniform() * (i + 1));
      const row = order[i];
      order[i] = order[j];
      order[j] = row;
    }
    this.#epoch = epoch;
    this.#order = order;
    return order;
  }
}
