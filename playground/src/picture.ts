// The regression plot as a file: its pixels, or a drawing of lines and areas.
import * as Plot from "@observablehq/plot";
import type { Curve } from "./compute/regressionTypes";
import { ink } from "./plot";
import type { RegressionView } from "./views/regressionView";

/** The plot as PNG, on the page's background. */
export async function png({ plot }: RegressionView): Promise<Blob> {
  const from = plot.ctx.canvas;
  const canvas = Object.assign(document.createElement("canvas"), { width: from.width, height: from.height });
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = ink("background");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(from, 0, 0);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser made no PNG of the plot")))),
  );
}

/** The plot as SVG text, with axes, band, curves and points as shapes. */
export function svg({ plot, data, shown, result, view }: RegressionView): string {
  const main = result?.finite ?? result?.infinite;
  const second = result?.finite ? result.infinite : undefined;
  const xs = Array.from(shown, (x, i) => ({ x, i }));
  const place = (value: number, k: 0 | 1) => (data.times?.[k] ? new Date(1000 * value) : value);
  const at = ({ x }: { x: number }) => place(x, 0);
  const of = (values: Float64Array) => (_: unknown, i: number) => place(values[i], 1);
  const line = (values: Float64Array, stroke: string, options: Plot.LineOptions) =>
    Plot.line(xs, { x: at, y: of(values), stroke: ink(stroke), ...options });
  const marks = (curve: Curve) => [
    Plot.areaY(xs, { x: at, y1: of(curve.low), y2: of(curve.high), fill: ink("accent"), fillOpacity: 0.17 }),
    ...curve.samples.map((sample) => line(sample, "accent", { strokeOpacity: 0.45, strokeWidth: 1 })),
  ];
  const scale = (k: 0 | 1, domain: number[]) => ({
    domain: domain.map((value) => place(value, k)),
    label: data.labels[k],
    type: data.times?.[k] ? ("utc" as const) : ("linear" as const),
  });
  const drawn = Plot.plot({
    width: plot.width,
    height: plot.height,
    marginLeft: 60,
    marginBottom: 40,
    style: { background: ink("background"), color: ink("text"), fontFamily: "system-ui, sans-serif", fontSize: "12px" },
    grid: true,
    x: scale(0, view.x),
    y: scale(1, view.y),
    marks: [
      ...(main ? marks(main) : []),
      second ? line(second.mean, "second", { strokeWidth: 2, strokeDasharray: "6 4" }) : null,
      main ? line(main.mean, "accent", { strokeWidth: 2.5 }) : null,
      Plot.dot(data.points, {
        x: ({ x }) => place(x, 0),
        y: ({ y }) => place(y, 1),
        r: data.points.length > 200 ? 2 : 3.5,
        fill: ink("point"),
        stroke: ink("background"),
      }),
    ],
  });
  drawn.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(drawn);
}
