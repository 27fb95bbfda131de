/**
 * The tables of docs/inputs.md are what the library does with each form of test/setup/inputs.ts. With WRITE_INPUTS set
 * they are written (`npm run docs:inputs`), else compared.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createNetwork, load, type MatrixLike } from "../src/index.js";
import { type Form, REFUSED, ROWS, TAKEN } from "./setup/inputs.js";

const path = join(import.meta.dirname, "../docs/inputs.md");
const [BEGIN, END] = ["<!-- tables: npm run docs:inputs writes them -->\n", "<!-- end of the tables -->\n"];
const net = createNetwork({ inputs: 2, hidden: 3, seed: 1 });
const ntk = await load({ backend: "js" });
const want = ntk.kernel(net, ROWS);

/** What comes of a form, in a cell. */
function outcome(value: unknown): string {
  try {
    const { data, rows } = ntk.kernel(net, value as MatrixLike);
    const same = rows === want.rows && data.every((entry, i) => Object.is(entry, want.data[i]));
    return same ? "works" : "other numbers";
  } catch (error) {
    const { name, message } = error as Error;
    // Node 24 names the class of a generator, and Node 20 does not.
    return `${name}: ${message.replaceAll("|", "\\|").replace("(Iterator)", "(Object)")}`;
  }
}
const table = (head: string, forms: Form[]) => [
  `| X is | ${head} |`,
  "| --- | --- |",
  ...forms.map(({ form, make }) => `| ${form} | ${outcome(make())} |`),
];
const tables = [...table("taken", TAKEN), "", ...table("refused, by", REFUSED), ""].join("\n");

test("the tables of the page are what the library does", () => {
  const page = readFileSync(path, "utf8");
  const [before, rest] = page.split(BEGIN);
  const [found, after] = (rest ?? "").split(END);
  expect(after, "the marks of the tables").toBeDefined();
  if (process.env.WRITE_INPUTS) writeFileSync(path, `${before}${BEGIN}\n${tables}\n${END}${after}`);
  else expect(found).toBe(`\n${tables}\n`);
});

test("what the first table has works, and what the second has is an error that says what it met", () => {
  for (const { form, make } of TAKEN) expect(outcome(make()), form).toBe("works");
  for (const { form, make } of REFUSED) expect(outcome(make()), form).toMatch(/^(TypeError|RangeError): X[ .]/);
});
