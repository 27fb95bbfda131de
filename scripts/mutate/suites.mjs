// Which suites of test/ops can see a fault in a file: the first match counts. A suite too few lowers the score only.
const SUITES = [
  [
    /\/(blas\/(product|pack|microkernel|blocksize|gram|gemm)|js\/(product|gram|gemm))\./,
    ["product", "trsm", "cholesky", "float32"],
  ],
  [/\/trsm\./, ["trsm", "cholesky", "float32"]],
  [/\/choleskyEdits\./, ["choleskyEdits", "halves"]],
  [/\/cholesky\./, ["cholesky", "float32"]],
  [/\/eigen\//, ["eigen"]],
  [/\/level2\./, ["level2", "halves", "choleskyEdits", "eigen"]],
  [/\/infinite[/.]/, ["infinite"]],
  [/\/(activation|simd)[/.]/, ["activation", "infinite", "features", "halves", "float32", "random", "loss"]],
  [/\/features\./, ["features", "halves", "jacobian", "ntk", "float32", "train"]],
  [/\/jacobian\./, ["jacobian", "train", "ntk"]],
  [/\/ntk\./, ["ntk", "batch", "float32"]],
  [/\/(train|descend|rule)\./, ["train", "batch"]],
  [/\/batch\./, ["batch"]],
  [/\/loss\./, ["loss", "train"]],
  [/\/random[/.]/, ["random"]],
  [/\/float32\./, ["float32", "halves"]],
];

export function suitesFor(file) {
  const [, names] = SUITES.find(([pattern]) => pattern.test(file)) ?? [];
  return names?.map((name) => `test/ops/${name}.test.ts`);
}
