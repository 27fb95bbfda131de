/**
 * Comments that claim something become code that checks it:
 *
 *   expression; // [1, 2]               its value: a number, an array, a word in quotes, true, false, undefined,
 *                                       or arithmetic (1 + 512 · 3)
 *   expression; // below 0.01: why      also above, and about (within a quarter)
 *   console.log(…); // 80 40            what it prints
 *   const { cols } = …; // cols === 97  a comparison that holds
 *   // → m = 16: gap 0.5                on lines of their own: what was printed since the last such comment
 *
 * A decimal number claims its digits, give or take one of the last; … stands for any text. Other comments are prose.
 */
import ts from "typescript";

/** The code with its claims as calls of `$claim`, `$logged`, `$holds` and `$printed`. */
export function withClaims(code: string): string {
  const source = ts.createSourceFile("example.mts", code, ts.ScriptTarget.ES2022, true);
  const edits: { at: number; end: number; text: string }[] = [];
  const seen = new Set<number>();
  const visit = (node: ts.Node) => {
    ts.forEachChild(node, visit);
    if (!ts.isStatement(node)) return;
    const [comment] = ts.getTrailingCommentRanges(code, node.end) ?? [];
    if (!comment || seen.has(comment.pos)) return;
    seen.add(comment.pos);
    const text = code.slice(comment.pos + 2, comment.end).trim();
    const said = JSON.stringify(text);
    const expression = ts.isExpressionStatement(node) ? node.expression : undefined;
    if (expression && ts.isCallExpression(expression) && expression.expression.getText() === "console.log") {
      const values = expression.arguments.map((argument) => argument.getText()).join(", ");
      edits.push({ at: node.getStart(), end: node.end, text: `$logged(${said}, ${values});` });
    } else if (/ (===|<|>) /.test(text)) {
      edits.push({ at: node.end, end: node.end, text: ` $holds(${said}, ${text});` });
    } else if (expression && VALUE.test(text)) {
      edits.push({ at: node.getStart(), end: node.end, text: `$claim(${said}, ${expression.getText()});` });
    }
  };
  visit(source);
  for (const match of code.matchAll(/(?:^ *\/\/ → .*\n)+/gm)) {
    const lines = match[0].match(/(?<=\/\/ → ).*/g) ?? [];
    edits.push({ at: match.index, end: match.index + match[0].length, text: `$printed(${JSON.stringify(lines)});\n` });
  }
  edits.sort((a, b) => b.at - a.at);
  return edits.reduce((text, edit) => text.slice(0, edit.at) + edit.text + text.slice(edit.end), code);
}

const VALUE = /^(?:(?:about|below|above) )?(?:\[.*\]|"[^"]*"|true|false|undefined|[-\d][\d.eE+\-*/ ·()]*)(?=$|[:;,] )/;

/** What the checking calls are to the compiler. */
export const DECLARATIONS = `
declare function $claim(said: string, value: unknown): void;
declare function $logged(said: string, ...values: unknown[]): void;
declare function $holds(said: string, value: boolean): void;
declare function $printed(said: string[]): void;
`;

/** Those calls, as a module that runs the compiled programs one after another and prints the outcome of each. */
export const RUNNER = `
import { format } from "node:util";
import { pathToFileURL } from "node:url";

const VALUE = ${VALUE};
let failures = [];
let claims = 0;
let lines = [];
console.log = (...values) => lines.push(...format(...values).split("\\n"));

const NUMBER = /-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?/g;
function check(ok, said, got) {
  claims++;
  if (!ok) failures.push(\`said \${said}, got \${got}\`);
}
/** One of the last digit for decimals; rounding for integers and arithmetic. */
function slack(text, value = Number(text)) {
  const [, decimals, exponent = "0"] = text.match(/^-?\\d+(?:\\.(\\d+))?(?:e([+-]?\\d+))?$/) ?? [];
  if (decimals !== undefined) return 1.001 * 10 ** (Number(exponent) - decimals.length);
  return 1e-9 * Math.max(1, Math.abs(value));
}
/** The same text, with numbers as near as their digits claim. */
function sameText(said, got) {
  const pattern = said.split(NUMBER).map((part) => part.split("…").map((s) => s.replace(/[.*+?^\${}()|[\\]\\\\]/g, "\\\\$&")).join(".*"));
  const match = got.match(new RegExp("^" + pattern.join("(" + NUMBER.source + ")") + "$"));
  if (!match) return false;
  return (said.match(NUMBER) ?? []).every((text, i) => Math.abs(Number(match[i + 1]) - Number(text)) <= slack(text));
}
globalThis.$logged = (said, ...values) => check(sameText(said, format(...values)), said, format(...values));
globalThis.$holds = (said, value) => check(value === true, said, value);
globalThis.$printed = (said) => {
  const got = lines.splice(0);
  check(got.length === said.length && said.every((text, i) => sameText(text, got[i])), said.join(" / "), got.join(" / "));
};
globalThis.$claim = (said, value) => {
  const [text] = said.match(VALUE);
  const [, relation, literal] = text.match(/^(?:(about|below|above) )?(.*)$/);
  const wanted = new Function("return " + literal.replaceAll("·", "*"))();
  if (relation === "below") return check(value < wanted, said, value);
  if (relation === "above") return check(value > wanted, said, value);
  if (relation === "about") return check(Math.abs(value - wanted) <= Math.abs(wanted) / 4, said, value);
  if (typeof wanted === "number") return check(Math.abs(value - wanted) <= slack(literal.trim(), wanted), said, value);
  if (!Array.isArray(wanted)) return check(value === wanted, said, value);
  const numbers = literal.slice(1, -1).split(",").map((number) => number.trim());
  const got = Array.from(value);
  check(got.length === wanted.length && got.every((x, i) => Math.abs(x - wanted[i]) <= slack(numbers[i])), said, "[" + got.join(", ") + "]");
};

const outcomes = [];
for (const path of process.argv.slice(2)) {
  [failures, claims, lines] = [[], 0, []];
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    failures.push(error.stack);
  }
  outcomes.push({ failures, claims });
}
process.stdout.write(JSON.stringify(outcomes));
`;
