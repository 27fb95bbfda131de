// What the regression view keeps while other views are shown: its points and their history.
import type { Data } from "./data";
import { History } from "./history";

/** Points with their name: `base` is the bundled data set that they began as, `own` says that they are another. */
export interface State {
  data: Data;
  base: string;
  own: boolean;
}

interface Session {
  history: History<State>;
  /** What was on display last, and its settings. */
  shown: State | undefined;
  values: Record<string, number | string | boolean> | undefined;
  /** The points that were edited or imported last. */
  mine: State | undefined;
}

export const session: Session = { history: new History(), shown: undefined, values: undefined, mine: undefined };

/** A state that later edits of the points leave as it is. */
export const frozen = ({ data, base, own }: State): State => ({
  data: { ...data, points: [...data.points] },
  base,
  own,
});

/** Whether two states show the same. */
export function same(a: State, b: State): boolean {
  const [one, other] = [a.data, b.data];
  return (
    a.own === b.own &&
    (a.own || a.base === b.base) &&
    one.source === other.source &&
    one.labels.join() === other.labels.join() &&
    one.points.length === other.points.length &&
    one.points.every(({ x, y }, i) => x === other.points[i].x && y === other.points[i].y)
  );
}
