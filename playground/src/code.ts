// The lines of JavaScript that make the fit on display.
import type { RegressionRequest } from "./compute/regressionTypes";
import { tellScale } from "./numbers";

type Fit = Pick<RegressionRequest, "points" | "frame" | "settings" | "model" | "grid">;

/** A module that fits these points with ntk-wasm, and prints mean and band at some inputs. `link` says whence it is. */
export function codeOf({ points, frame, settings, model, grid }: Fit, link: string): string {
  const { activation, weightStd, biasStd, width, seed, ridge } = settings;
  const shared = `activation: "${activation}", weightStd: ${weightStd}, biasStd: ${biasStd}`;
  const models = [
    model === "infinite"
      ? ""
      : `  finite: createNetwork({ inputs: 1, hidden: ${width}, ${shared}, init: "ntk", seed: ${seed} }),\n`,
    model === "finite" ? "" : `  infinite: createInfiniteNetwork({ ${shared} }),\n`,
  ].join("");
  const makers = [
    model === "finite" ? [] : ["createInfiniteNetwork"],
    model === "infinite" ? [] : ["createNetwork"],
  ].flat();
  const { x, sx, y, sy } = frame;
  const rows = Array.from(points.xs, (value, i) => `  [${value}, ${points.ys[i]}],\n`).join("");
  const scaled = tellScale(points.xs, points.ys, y);
  return `// The fit of ${link}
import { ${makers.join(", ")}, load } from "ntk-wasm";

const points = [
${rows}];
// Inputs and outputs are standardised: (value − mean) / std.
const frame = { x: { mean: ${x}, std: ${sx} }, y: { mean: ${y}, std: ${sy} } };
const standardX = (x) => (x - frame.x.mean) / frame.x.std;
const originalY = (y) => y * frame.y.std + frame.y.mean;

const models = {
${models}};
const ntk = await load();
const X = points.map(([x]) => standardX(x));
const Y = points.map(([, y]) => (y - frame.y.mean) / frame.y.std);
const inputs = Array.from({ length: 13 }, (_, i) => ${grid[0]} + (${grid[grid.length - 1] - grid[0]} * i) / 12);

for (const [name, model] of Object.entries(models)) {
  const fit = ntk.fit(model, X, Y, { ridge: ${ridge}, ${scaled ? 'scale: "fit", ' : ""}centered: true });
  // The band of a new observation is mean ± 2σ, noise included.
  const { mean, variance } = fit.predict(inputs.map(standardX), { noise: true });
  inputs.forEach((x, i) => {
    const half = 2 * Math.sqrt(variance.data[i]);
    const [low, high] = [mean.data[i] - half, mean.data[i] + half];
    console.log(name, x, originalY(mean.data[i]), originalY(low), originalY(high));
  });
  fit.dispose();
}
`;
}
