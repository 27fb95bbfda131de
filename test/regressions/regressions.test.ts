/**
 * Cases that a property once failed on, shrunk: `npm run test:long` writes them (CONTRIBUTING.md). Each is a case of
 * the property of that name, and has to hold for ever, on every variant.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decode } from "../properties/codec.js";
import { PROPERTIES } from "../properties/index.js";
import type { Bench, Property } from "../properties/property.js";
import { benchOf } from "../properties/runner.js";
import { variants } from "../setup/variants.js";

interface Kept {
  property: string;
  case: unknown;
  was: string;
}

const FILES = import.meta.glob<string>("./*.json", { eager: true, query: "?raw", import: "default" });
const KEPT = Object.entries(FILES).map(([path, text]) => ({ file: path.slice(2), ...(decode(text) as Kept) }));

test("there are cases", () => {
  expect(KEPT.length).toBeGreaterThan(0);
});

describe.each(variants)("%s", (variant) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await benchOf(variant);
  });
  afterAll(() => {
    for (const one of Object.values(bench)) one.dispose();
  });
  test.each(KEPT)("$file: $property", async ({ property, case: given, was }) => {
    const own = PROPERTIES.find(({ name }) => name === property) as Property<unknown> | undefined;
    if (!own) throw new Error(`no property is called "${property}"; rename the property in the case, too`);
    await expect(
      Promise.resolve().then(() => own.check(bench, given)),
      `it was: ${was}`,
    ).resolves.toBeUndefined();
  });
});
