/**
 * What each initialisation is, by its definition (MATH.md §1). A new scheme is a type error here until it has a row.
 */
import type { Scheme } from "../../src/model/initSchemes.js";

interface Row {
  /** Variance of a weight at weightStd w. */
  variance(w: number, fanIn: number, fanOut: number, output: boolean): number;
  /** Default of biasStd. */
  biasStd: 0 | 1;
}

export const SCHEMES: Record<Scheme, Row> = {
  lecun: { variance: (w, fanIn) => w ** 2 / fanIn, biasStd: 0 },
  he: { variance: (w, fanIn) => (2 * w ** 2) / fanIn, biasStd: 0 },
  glorot: { variance: (w, fanIn, fanOut) => (2 * w ** 2) / (fanIn + fanOut), biasStd: 0 },
  ntk: { variance: () => 1, biasStd: 1 },
  unit: { variance: (w) => w ** 2, biasStd: 1 },
  smallReadout: { variance: (w, fanIn, _, output) => w ** 2 / (output ? fanIn ** 2 : fanIn), biasStd: 0 },
};

export const NAMES = Object.keys(SCHEMES) as Scheme[];
