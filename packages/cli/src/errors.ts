/** The ways in which a command ends early. Each has an exit status and one line of text. */

/** What was given cannot be used: a file, a cell, a model. Exit status 1. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number = 1;
}

/** The command line itself is wrong. Exit status 2. */
export class Misuse extends Refusal {
  override name = "Misuse";
  override readonly status = 2;
}

/** Ctrl+C. Exit status 130, as shells have it. */
export class Interrupted extends Refusal {
  override name = "Interrupted";
  override readonly status = 130;
  constructor() {
    super("interrupted; nothing was written");
  }
}

/** The error as one line: a stack is for bugs. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, " ");
}
