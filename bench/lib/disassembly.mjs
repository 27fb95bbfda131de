// V8's machine code (x86-64) of a WebAssembly function, and the innermost loops in it. The optimising compiler compiles
// it at once (--no-liftoff). For these loops it gives the same bytes as tiering up.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Instantiates what it is given; V8 compiles all of it, and prints. */
const RUN = `
const { readFileSync } = process.getBuiltinModule("node:fs");
const memory = new WebAssembly.Memory({ initial: 16 });
new WebAssembly.Instance(new WebAssembly.Module(readFileSync(process.argv[1])), { env: { memory, abort() {} } });`;

/** Names of a module's functions, by index: the order of its text, imported ones first (asc's binary has no names). */
export function functionNames(wat) {
  const definition = /^ \((?:import "[^"]*" "[^"]*" \()?func \$([^\s()]+)/gm;
  return [...readFileSync(wat, "utf8").matchAll(definition)].map(([, name]) => name);
}

/** Machine code by function index, as lists of { at, text, target? }; undefined where this Node prints none. */
export function disassemble(node, wasm) {
  const flags = ["--no-liftoff", "--no-wasm-lazy-compilation", "--print-wasm-code"];
  const output = execFileSync(node, [...flags, "-e", RUN, wasm], { encoding: "utf8", maxBuffer: 2 ** 28 });
  const functions = output.split("--- WebAssembly code ---\n").slice(1).map(parse);
  return functions.some(({ code }) => code.length)
    ? new Map(functions.map(({ index, code }) => [index, code]))
    : undefined;
}

function parse(text) {
  const code = [...text.matchAll(/^0x[0-9a-f]+ +([0-9a-f]+) +[0-9a-f]+ +(?:REX\.W )?(.*)$/gm)].map(([, at, rest]) => ({
    at: Number.parseInt(at, 16),
    text: rest.replace(/0x[0-9a-f]+ +<\+(0x[0-9a-f]+)>/, "$1").trim(),
    target: jumpTarget(rest),
  }));
  return { index: Number(/^index: (\d+)/m.exec(text)?.[1]), code };
}

const jumpTarget = (text) => {
  const match = /^j\w+ .*<\+(0x[0-9a-f]+)>/.exec(text);
  return match ? Number.parseInt(match[1], 16) : undefined;
};

/** Basic blocks: { code, next: [indices] }, in order of address. */
function blocks(code) {
  const leaders = new Set([code[0].at]);
  for (const [i, { target, text }] of code.entries()) {
    if (target !== undefined) leaders.add(target);
    if ((target !== undefined || /^ret/.test(text)) && i + 1 < code.length) leaders.add(code[i + 1].at);
  }
  const starts = [...leaders].sort((a, b) => a - b);
  return starts.map((start, i) => {
    const list = code.filter(({ at }) => at >= start && at < (starts[i + 1] ?? Number.POSITIVE_INFINITY));
    const { text, target } = list.at(-1);
    const next = target === undefined ? [] : [starts.indexOf(target)];
    if (!/^(jmp|ret)/.test(text) && i + 1 < starts.length) next.push(i + 1);
    return { code: list, next };
  });
}

/** Indices of the blocks that run at all: padding and traps follow jumps. */
function reachable(graph) {
  const seen = new Set([0]);
  for (const block of seen) for (const to of graph[block].next) seen.add(to);
  return seen;
}

/** For every block the blocks before it, and the set of blocks through which each way to it leads. */
function dominators(graph) {
  const all = reachable(graph);
  const before = graph.map((_, to) => [...all].filter((from) => graph[from].next.includes(to)));
  const result = graph.map((_, i) => (i ? all : new Set([0])));
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 1; i < graph.length; i++) {
      const sets = before[i].map((from) => result[from]);
      const meet = new Set([i, ...[...(sets[0] ?? [])].filter((d) => sets.every((set) => set.has(d)))]);
      if (meet.size !== result[i].size) {
        result[i] = meet;
        changed = true;
      }
    }
  }
  return { before, result };
}

/**
 * The innermost loops of a function: each is the instructions of its shortest way round that avoids calls (the stack
 * check's).
 */
export function innermostLoops(code) {
  const graph = blocks(code);
  const { before, result } = dominators(graph);
  const loops = new Map();
  for (const [from, { next }] of graph.entries()) {
    for (const head of next.filter((to) => result[from].has(to))) {
      const body = loops.get(head) ?? new Set([head]);
      const open = [from];
      while (open.length) {
        const block = open.pop();
        if (body.has(block)) continue;
        body.add(block);
        for (const one of before[block]) open.push(one);
      }
      loops.set(head, body);
    }
  }
  const heads = [...loops.keys()];
  const innermost = heads.filter((head) => !heads.some((other) => other !== head && loops.get(head).has(other)));
  return innermost.sort((a, b) => a - b).map((head) => shortestRound(graph, head, loops.get(head)));
}

/** Dijkstra would be more than is needed: inside an innermost loop the blocks form a graph without circles. */
function shortestRound(graph, head, body) {
  const cold = (block) => graph[block].code.some(({ text }) => /^call/.test(text));
  const best = new Map();
  const walk = (block) => {
    if (best.has(block)) return best.get(block);
    let rest;
    for (const to of graph[block].next.filter((i) => body.has(i) && !cold(i))) {
      const way = to === head ? [] : walk(to);
      if (way && !(rest && rest.length <= way.length)) rest = way;
    }
    const way = rest && [...graph[block].code, ...rest];
    best.set(block, way);
    return way;
  };
  return (walk(head) ?? graph[head].code).filter(({ text }) => !/^nop/.test(text));
}
