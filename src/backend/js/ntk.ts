/**
 * The tangent kernel of one hidden layer on the JavaScript backend, in either precision: contract in src/ops.ts.
 * Features of 1024 units at a time in `work`, then two Gram products: packing costs a multiply-add in JavaScript next
 * to nothing, so nothing is fused.
 */
import type { Ops } from "../../ops.js";

const UNITS = 1024;

interface Parts {
  bytes: 4 | 8;
  features: Ops["dfeatures"];
  featuresScratchBytes: Ops["dfeaturesScratchBytes"];
  gram: Ops["dgram"];
  gramCross: Ops["dgramCross"];
  gramScratchBytes: Ops["dgramScratchBytes"];
}

type Doubles = Pick<Ops, "dfeatures" | "dfeaturesScratchBytes" | "dgram" | "dgramCross" | "dgramScratchBytes">;
type Floats = Pick<Ops, "sfeatures" | "sfeaturesScratchBytes" | "sgram" | "sgramCross" | "sgramScratchBytes">;
type NtkOps = Pick<Ops, "dntk" | "dntkCross" | "dntkScratchBytes" | "sntk" | "sntkCross" | "sntkScratchBytes">;

export function ntkOps(d: Doubles, s: Floats): NtkOps {
  const doubles = ntk({
    bytes: 8, features: d.dfeatures, featuresScratchBytes: d.dfeaturesScratchBytes,
    gram: d.dgram, gramCross: d.dgramCross, gramScratchBytes: d.dgramScratchBytes,
  });
  const floats = ntk({
    bytes: 4, features: s.sfeatures, featuresScratchBytes: s.sfeaturesScratchBytes,
    gram: s.sgram, gramCross: s.sgramCross, gramScratchBytes: s.sgramScratchBytes,
  });
  return {
    dntk: doubles.square, dntkCross: doubles.cross, dntkScratchBytes: doubles.scratchBytes,
    sntk: floats.square, sntkCross: floats.cross, sntkScratchBytes: floats.scratchBytes,
  };
}

function ntk({ bytes, features, featuresScratchBytes, gram, gramCross, gramScratchBytes }: Parts) {
  const lines = (entries: number) => Math.ceil((entries * bytes) / 64) * 64;
  const square: Ops["dntk"] = (
    activation, r0, r1, m, d, zAlpha, x, ldx, w, ldw, zBeta, bias, gain, sigma, alpha, beta, gamma, delta, c, ldc, work,
  ) => {
    const units = Math.min(m, UNITS);
    const [g, rest] = [work + lines(r1 * units), work + 2 * lines(r1 * units)];
    for (let u = 0; u === 0 || u < m; u += UNITS) {
      const k = Math.min(m - u, UNITS);
      const [wu, bu, gu] = [w + u * ldw * bytes, bias && bias + u * bytes, gain && gain + u * bytes];
      const info = features(activation, 0, r1, k, d, zAlpha, x, ldx, wu, ldw, zBeta, bu, gu, work, k, g, k, rest);
      if (info !== 0) return info;
      gram(r0, r1, k, work, k, 0, 0, 0, 0, sigma, u ? 1 : gamma, u ? 0 : delta, c, ldc, rest);
      gram(r0, r1, k, g, k, alpha === 0 ? 0 : d, alpha, x, ldx, beta, 1, 0, c, ldc, rest);
    }
    return 0;
  };
  const cross: Ops["dntkCross"] = (
    activation, r0, r1, n2, m, d, zAlpha, x, ldx, y, ldy, w, ldw, zBeta, bias, gain, sigma, alpha, beta, gamma, delta, c, ldc, work,
  ) => {
    const units = Math.min(m, UNITS);
    const rows = r1 - r0;
    const g = work + lines(rows * units);
    const s2 = g + lines(rows * units);
    const g2 = s2 + lines(n2 * units);
    const rest = g2 + lines(n2 * units);
    const [xr, cr] = [x + r0 * ldx * bytes, c + r0 * ldc * bytes];
    for (let u = 0; u === 0 || u < m; u += UNITS) {
      const k = Math.min(m - u, UNITS);
      const [wu, bu, gu] = [w + u * ldw * bytes, bias && bias + u * bytes, gain && gain + u * bytes];
      const info = features(activation, 0, rows, k, d, zAlpha, xr, ldx, wu, ldw, zBeta, bu, gu, work, k, g, k, rest);
      if (info !== 0) return info;
      features(activation, 0, n2, k, d, zAlpha, y, ldy, wu, ldw, zBeta, bu, gu, s2, k, g2, k, rest);
      gramCross(0, rows, n2, k, work, k, s2, k, 0, 0, 0, 0, 0, 0, sigma, u ? 1 : gamma, u ? 0 : delta, cr, ldc, rest);
      gramCross(0, rows, n2, k, g, k, g2, k, alpha === 0 ? 0 : d, alpha, xr, ldx, y, ldy, beta, 1, 0, cr, ldc, rest);
    }
    return 0;
  };
  const scratchBytes: Ops["dntkScratchBytes"] = (rows, n2, m, d) => {
    const units = Math.min(m, UNITS);
    const points = Math.max(rows, n2);
    const own = Math.max(featuresScratchBytes(points, units, d), gramScratchBytes(rows, n2, units, d));
    return 4 * lines(points * units) + own;
  };
  return { square, cross, scratchBytes };
}
