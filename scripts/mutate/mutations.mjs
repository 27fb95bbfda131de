// The mutants of one source file, TypeScript or AssemblyScript: small faults that loops over numbers have in practice.
// TypeScript's parser reads AssemblyScript too: what it objects to (decorators of functions) still gets a tree.
import ts from "typescript";

const { SyntaxKind: Kind } = ts;

/** What another operator stands in for. */
const OPERATORS = new Map([
  [Kind.PlusToken, "-"],
  [Kind.MinusToken, "+"],
  [Kind.AsteriskToken, "+"],
  [Kind.SlashToken, "*"],
  [Kind.LessThanToken, "<="],
  [Kind.LessThanEqualsToken, "<"],
  [Kind.GreaterThanToken, ">="],
  [Kind.GreaterThanEqualsToken, ">"],
  [Kind.EqualsEqualsToken, "!="],
  [Kind.ExclamationEqualsToken, "=="],
  [Kind.EqualsEqualsEqualsToken, "!=="],
  [Kind.ExclamationEqualsEqualsToken, "==="],
  [Kind.AmpersandAmpersandToken, "||"],
  [Kind.BarBarToken, "&&"],
  [Kind.PlusEqualsToken, "-="],
  [Kind.MinusEqualsToken, "+="],
  [Kind.AsteriskEqualsToken, "+="],
]);
const CALLS = new Map([
  ["Math.min", "Math.max"],
  ["Math.max", "Math.min"],
  ["min", "max"],
  ["max", "min"],
]);
/** SIMD arithmetic is calls: `v128.add<T>(a, b)`. */
const WORDS = new Map([
  ["add", "sub"],
  ["sub", "add"],
  ["mul", "add"],
  ["div", "mul"],
  ["min", "max"],
  ["max", "min"],
  ["lt", "le"],
  ["le", "lt"],
  ["gt", "ge"],
  ["ge", "gt"],
  ["and", "or"],
  ["or", "and"],
]);
const LANES = /(extract_lane|replace_lane|shuffle|swizzle|load_lane|store_lane|load64_lane)$/;
const LEADING_DIMENSION = /^ld[a-z]?$/;

/** Numbers keep their kind: an integer stays one. */
function otherNumber(text) {
  if (/^0[xb]/i.test(text)) return undefined;
  if (!/[.e]/i.test(text)) return text === "1" ? "2" : String(Number(text) + 1);
  const value = Number(text);
  const other = value === 0 ? 1 : value * 1.01;
  return /[.e]/.test(String(other)) ? String(other) : `${other}.0`;
}

const LEAVING = new Set([Kind.ReturnStatement, Kind.ContinueStatement, Kind.BreakStatement]);

/** Whether an `if` does nothing but leave. */
function leavesEarly(node) {
  if (!ts.isIfStatement(node) || node.elseStatement) return false;
  const { thenStatement: body } = node;
  const only = ts.isBlock(body) && body.statements.length === 1 ? body.statements[0] : body;
  return LEAVING.has(only.kind);
}

/** A loop that goes on where the one before it ended: the tail of a loop of wider steps. */
function isTail(node) {
  if (ts.isForStatement(node)) return !node.initializer;
  return ts.isWhileStatement(node);
}

/** Names of the leading dimensions that a function is given. */
function leadingDimensions(node) {
  for (let at = node; at; at = at.parent) {
    if (!ts.isFunctionLike(at)) continue;
    const names = at.parameters.map(({ name }) => name.getText()).filter((name) => LEADING_DIMENSION.test(name));
    if (names.length > 1) return names;
  }
  return [];
}

const isName = ({ parent }, node) =>
  ts.isParameter(parent) || (ts.isPropertyAssignment(parent) && parent.name === node) || ts.isBindingElement(parent);

/** The faults that can be put in place of one node: [kind, start, end, text]. */
function* faults(node, text) {
  const replace = (kind, by, at = node) => [kind, at.getStart(), at.end, by];
  if (ts.isBinaryExpression(node)) {
    const { operatorToken: token, left } = node;
    const other = OPERATORS.get(token.kind);
    if (other && !ts.isStringLiteralLike(left)) yield replace("operator", other, token);
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === Kind.MinusToken)
    yield replace("sign", node.operand.getText());
  if (ts.isNumericLiteral(node)) {
    const call = ts.isCallExpression(node.parent) ? node.parent : undefined;
    const lane = call && LANES.test(call.expression.getText());
    const other = lane ? String(Number(node.text) ^ 1) : otherNumber(node.getText());
    if (other !== undefined) yield replace(lane ? "lane" : "constant", other);
  }
  if (node.kind === Kind.TrueKeyword) yield replace("constant", "false");
  if (node.kind === Kind.FalseKeyword) yield replace("constant", "true");
  if (ts.isCallExpression(node)) {
    const name = node.expression.getText();
    if (CALLS.has(name)) yield replace("extremum", CALLS.get(name), node.expression);
    const word = /^(v128|f64x2|f32x4|i32x4|i64x2)\.(\w+)$/.exec(name);
    if (word && WORDS.has(word[2])) yield replace("operator", `${word[1]}.${WORDS.get(word[2])}`, node.expression);
  }
  if (ts.isForStatement(node) && node.condition && ts.isBinaryExpression(node.condition)) {
    const { right, operatorToken } = node.condition;
    const less = operatorToken.kind === Kind.LessThanToken;
    if (less) yield [`bound`, right.getStart(), right.end, `(${right.getText()}) - 1`];
  }
  if (isTail(node)) yield replace("tail loop", ";");
  if (leavesEarly(node)) yield replace("early return", ";");
  if (ts.isElementAccessExpression(node) && !ts.isStringLiteralLike(node.argumentExpression))
    yield replace("index", `${node.argumentExpression.getText()} + 1`, node.argumentExpression);
  if (ts.isIdentifier(node) && LEADING_DIMENSION.test(text) && !isName(node, node)) {
    const names = leadingDimensions(node);
    const at = names.indexOf(text);
    if (at >= 0) yield replace("leading dimension", names[(at + 1) % names.length]);
  }
}

/** An estimate of nanoseconds: it decides whether threads share the work, and no result. */
function isTime(node) {
  if (ts.isFunctionDeclaration(node)) return /Time$/.test(node.name.getText());
  if (ts.isVariableDeclaration(node)) return /^time$|_TIME$/.test(node.name.getText());
  return ts.isCallExpression(node) && node.expression.getText() === "isWorth";
}

/** Types and imports hold no arithmetic. */
const skipped = (node) =>
  ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node) || isTime(node);

/** All mutants of a file: `{ file, line, start, end, kind, code, by }`, `code` the text that `by` replaces. */
export function mutantsOf(file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (skipped(node)) return;
    for (const [kind, start, end, by] of faults(node, ts.isIdentifier(node) ? node.text : "")) {
      const line = tree.getLineAndCharacterOfPosition(start).line;
      found.push({ file, line: line + 1, start, end, kind, code: source.slice(start, end), by });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

export const mutated = (source, { start, end, by }) => source.slice(0, start) + by + source.slice(end);
