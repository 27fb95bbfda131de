// Undo and redo: what was committed before, and what was undone.

/** More are forgotten, the oldest first. */
const MOST = 200;

export class History<T> {
  #past: T[] = [];
  #future: T[] = [];

  get canUndo(): boolean {
    return this.#past.length > 0;
  }
  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** `before` was left behind by a change. */
  push(before: T): void {
    this.#past.push(before);
    if (this.#past.length > MOST) this.#past.shift();
    this.#future = [];
  }

  /** What to go back to from `now`; undefined where there is nothing. */
  undo(now: T): T | undefined {
    const before = this.#past.pop();
    if (before !== undefined) this.#future.push(now);
    return before;
  }

  redo(now: T): T | undefined {
    const after = this.#future.pop();
    if (after !== undefined) this.#past.push(now);
    return after;
  }
}
