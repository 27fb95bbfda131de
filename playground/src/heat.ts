// Heat maps on a canvas, in the colours of viridis.

/** Nine stops of viridis. */
const STOPS = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

/** Writes the colour of t in [0, 1] as four bytes. */
function paint(pixels: Uint8ClampedArray, at: number, t: number): void {
  const place = Math.min(0.999999, Math.max(0, t)) * (STOPS.length - 1);
  const i = Math.floor(place);
  for (let k = 0; k < 3; k++) pixels[at + k] = STOPS[i][k] + (place - i) * (STOPS[i + 1][k] - STOPS[i][k]);
  pixels[at + 3] = 255;
}

export function extent(data: Float64Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** One pixel for each entry of a square matrix. */
export function drawHeat(canvas: HTMLCanvasElement, data: Float64Array, size: number, low: number, high: number): void {
  canvas.width = size;
  canvas.height = size;
  const image = new ImageData(size, size);
  const scale = high > low ? 1 / (high - low) : 0;
  data.forEach((value, at) => {
    paint(image.data, 4 * at, (value - low) * scale);
  });
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** The colours from dark to bright. */
export function drawBar(canvas: HTMLCanvasElement): void {
  const image = new ImageData(canvas.width, 1);
  for (let i = 0; i < canvas.width; i++) paint(image.data, 4 * i, i / (canvas.width - 1));
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
