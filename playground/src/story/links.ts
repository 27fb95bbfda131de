// Addresses that the story points to: guides of the site that the playground is a part of, and the other views. They
// stand here and nowhere else.

/** From the playground, which the site has in a folder of its own, to its guides. */
const SITE = "../documents/";

/** The pages of the site, named after the files of the guides. */
const GUIDES = {
  mathematics: "MATH.html",
  models: "models.html",
  training: "training.html",
  limits: "what-the-ntk-tells-you.html",
} as const;

/** A guide, at one of its headings. */
export const guide = (name: keyof typeof GUIDES, heading = "") =>
  `${SITE}${GUIDES[name]}${heading && `#${encodeURIComponent(heading)}`}`;

/** A view with settings. */
export function view(name: string, settings: Record<string, string | number> = {}): string {
  const query = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  return `#${name}${query.length ? `?${query.join("&")}` : ""}`;
}

/** A step of the story. */
export const stepAddress = (step: number) => `#story/${step}`;
