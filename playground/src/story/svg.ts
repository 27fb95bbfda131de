// SVG elements, and the figure of the story: axes, curves, points and a reading of values, in SVG. The other views draw
// on uPlot's canvas. These figures need handles that take focus, colours that follow the theme, and no library before
// the first of them is on screen.

type Attributes = Record<string, string | number>;

/** An SVG element with attributes and children. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

export function set(element: Element, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
}

/** Pixels to a tenth. */
export const px = (value: number) => String(Math.round(10 * Math.min(1e4, Math.max(-1e4, value))) / 10);
