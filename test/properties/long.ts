/**
 * A long run of all properties, of one variant: NTK_CASES cases (default 100 000 over all long files) from NTK_SEED, a
 * fresh seed by default, which is printed. A failure is made small and kept in `test/regressions`, where the ordinary
 * suites replay it.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { THREADS, type Variant } from "../setup/variants.js";
import { PROPERTIES } from "./index.js";
import type { Bench } from "./property.js";
import { benchOf, describeFailure, type Failure, run, sharesOf, textOf } from "./runner.js";

/** Cases of all long files together. */
const CASES = Number(process.env.NTK_CASES ?? 100_000);
const SEED = Number(process.env.NTK_SEED ?? Date.now() % 2 ** 31);
/** Cases of a property between two looks at the clock. */
const ROUND = 500;
/** Milliseconds in which a failure is made smaller. */
const LIMIT = 120_000;

/** Writes a failure where the suites find it. The name is that of its text: the same failure is kept once. */
function keep(failure: Failure): string {
  const text = textOf(failure);
  const name = `${createHash("sha256").update(text).digest("hex").slice(0, 12)}.json`;
  writeFileSync(new URL(`../regressions/${name}`, import.meta.url), text);
  return name;
}

/** @param share the part of all cases that the file gets. */
export function longRun(variant: Variant, share: number): void {
  describe(`${variant}, ${variant === "js" ? 1 : THREADS} threads, seed ${SEED}`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await benchOf(variant);
      console.log(`${variant}: NTK_SEED=${SEED} NTK_CASES=${CASES}`);
    });
    afterAll(() => {
      for (const one of Object.values(bench)) one.dispose();
    });
    const shares = sharesOf(PROPERTIES, CASES * share);
    test.each(PROPERTIES.map((own, i) => ({ name: own.name, own, cases: shares[i] })))(
      "$name",
      async ({ own, cases }) => {
        // In rounds, so that what a case left behind is collected.
        for (let done = 0; done < cases; done += ROUND) {
          const seed = (SEED + done) % 2 ** 31;
          const failure = await run(own, bench, { cases: Math.min(ROUND, cases - done), seed, limit: LIMIT });
          if (failure) expect.fail(`${describeFailure(failure)}\nkept as test/regressions/${keep(failure)}`);
        }
      },
    );
  });
}
