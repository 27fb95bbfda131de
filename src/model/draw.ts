/** Draws θ0: in JavaScript, where no backend is at hand. */
import { zeros } from "../memory.js";
import { fillNormals, Substreams } from "./random.js";

/** How θ is drawn. */
export interface Drawing {
  /** Length of θ. */
  readonly size: number;
  /** Uniform on ±√3 std, or normal. */
  readonly uniform: boolean;
  /** The parts that are not 0, each from a substream of its own, the numbers of the substreams ascending. */
  readonly parts: readonly { offset: number; length: number; stream: number; std: number }[];
}

/** θ of a seed. */
export function draw({ size, uniform, parts }: Drawing, seed: number): Float64Array {
  const parameters = zeros(size);
  const substreams = new Substreams(seed);
  for (const { offset, length, stream, std } of parts) {
    const source = substreams.at(stream);
    const end = offset + length;
    if (!uniform) fillNormals(source.state, std, parameters, offset, end);
    else for (let i = offset; i < end; i++) parameters[i] = std * (2 * Math.sqrt(3) * (source.uniform() - 0.5));
  }
  return parameters;
}
