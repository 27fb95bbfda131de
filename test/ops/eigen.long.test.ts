/** deigh at sizes that take ten seconds and more: `npm run test:long`. */
import { describe, test } from "vitest";
import { loadContext, variants } from "../setup/variants.js";
import { checkLarge } from "./eigen.js";

describe.each(variants)("%s", (variant) => {
  test.each(variant === "js" ? [2000] : [3000, 4000])("large: n = %i, by products with random vectors", (n) =>
    checkLarge(loadContext(variant), n),
  );
});
