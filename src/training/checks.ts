/** Validation while a network trains: the best loss so far, and how long it has not been beaten. */

import type { Context } from "../context.js";
import { evaluate } from "./evaluate.js";
import type { Run } from "./run.js";
import type { TrainingState } from "./state.js";
import type { Trainer } from "./trainer.js";

type Standing = Pick<TrainingState, "best" | "worse" | "validated">;

export class Checks {
  readonly every: number;
  readonly #context: Context;
  readonly #run: Run;
  readonly #validation: NonNullable<Run["validation"]>;
  readonly #standing: Standing;

  constructor(context: Context, run: Run, validation: NonNullable<Run["validation"]>) {
    this.#context = context;
    this.#run = run;
    this.#validation = validation;
    this.every = validation.every;
    const { best, worse, validated } = run.state ?? { worse: 0, validated: -1 };
    this.#standing = { best, worse, validated };
  }

  get best(): Standing["best"] {
    return this.#standing.best;
  }

  /** What a later run goes on from. */
  state(): Standing {
    const { best, worse, validated } = this.#standing;
    return { ...(best && { best: { ...best, parameters: best.parameters.slice() } }), worse, validated };
  }

  /** Looks at the validation loss where it is due; true where patience has run out. */
  outOfPatience(step: number, trainer: Trainer): boolean {
    const standing = this.#standing;
    if (step % this.every === 0 && step !== standing.validated) {
      const network = trainer.network();
      const finite = network.parameters.every(Number.isFinite);
      const loss = finite ? evaluate(this.#context, network, this.#validation, this.#run.loss).loss : Infinity;
      standing.validated = step;
      if (!standing.best || loss < standing.best.loss) {
        standing.best = { step, loss, parameters: network.parameters };
        standing.worse = 0;
      } else standing.worse++;
    }
    return standing.worse >= this.#validation.patience;
  }
}
