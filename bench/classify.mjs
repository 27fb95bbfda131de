// What a Laplace classification of 500 points and 10 classes costs, in Cholesky factorisations of order 500.
// The two are alternated in one run; the kernel's own time is measured too and left out.
// The budget is 60 factorisations.
import { createInfiniteNetwork, load } from "ntk-wasm";
import { matrix, median, symmetric } from "./lib/data.mjs";

const [N, C, BUDGET] = [500, 10, 60];

/** Labels by the largest of C random linear functions, as digits by their strokes. */
function labelled() {
  const X = matrix(N, 20, 1);
  const weights = matrix(C, 20, 2);
  const dot = (i, c) => {
    let sum = 0;
    for (let t = 0; t < 20; t++) sum += X.data[i * 20 + t] * weights.data[c * 20 + t];
    return sum;
  };
  const labels = Array.from({ length: N }, (_, i) => {
    let best = 0;
    for (let c = 1; c < C; c++) if (dot(i, c) > dot(i, best)) best = c;
    return best;
  });
  return { X, labels };
}

/** Prints a line for each variant and scale of the kernel. */
export async function benchClassify(variants, rounds, print) {
  const { X, labels } = labelled();
  const model = createInfiniteNetwork({ activation: "relu", depth: 2, weightStd: Math.SQRT2, biasStd: 0.1 });
  const definite = symmetric(N, N);
  print(`\nLaplace classification, N = ${N}, ${C} classes, in times of a Cholesky factorisation (budget ${BUDGET}):`);
  for (const variant of variants) {
    const ntk = await load({ variant });
    for (const scale of [1, 10, 100]) {
      const times = { cholesky: [], kernel: [], classify: [], ratio: [] };
      const timed = (calls, run) => {
        const began = performance.now();
        for (let k = 0; k < calls; k++) run();
        return (performance.now() - began) / calls;
      };
      let report;
      // The first round compiles. Factorisations come in rows as long as a classification, so that what disturbs the
      // one disturbs the other.
      for (let round = -1; round < rounds; round++) {
        const cholesky = timed(BUDGET, () => ntk.cholesky(definite));
        const kernel = timed(3, () => ntk.kernel(model, X));
        const classify = timed(1, () => {
          const classifier = ntk.classify(model, X, labels, { scale });
          report = classifier.report;
          classifier.dispose();
        });
        if (round < 0) continue;
        const all = { cholesky, kernel, classify, ratio: (classify - kernel) / cholesky };
        for (const name of Object.keys(times)) times[name].push(all[name]);
      }
      const [cholesky, kernel, classify, ratio] = Object.values(times).map(median);
      print(
        `${variant} scale ${scale}: ${classify.toFixed(1)} ms, of which the kernel ${kernel.toFixed(1)} ms; Cholesky ${cholesky.toFixed(2)} ms; ` +
          `ratio ${ratio.toFixed(1)}${ratio > BUDGET ? " (over budget)" : ""}; ` +
          `${report.iterations} Newton steps, ${report.factorisations} factorisations, ${report.products} products`,
      );
    }
    ntk.dispose();
  }
}
