// What the regression view keeps while other views are shown: its points and their history.
import { type Data, decode, encode } from "./data";
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

/** Names of what outlives a reload of the page, in this tab: an address of the view, and “My data”. */
const [SHOWN, MINE] = ["ntk-wasm/regression", "ntk-wasm/my-data"];

export const session: Session = { history: new History(), shown: undefined, values: undefined, mine: stored() };

/** Keeps what a reload while another view is shown would lose. `query` is the view's part of the address. */
export function store(query: string): void {
  const { mine } = session;
  try {
    sessionStorage.setItem(SHOWN, query);
    if (mine) sessionStorage.setItem(MINE, String(new URLSearchParams({ ...encode(mine.data), base: mine.base })));
  } catch {
    // A browser that keeps nothing: a reload begins anew.
  }
}

/** The view's part of the address before a reload. */
export const storedQuery = (): string => read(SHOWN);

function read(name: string): string {
  try {
    return sessionStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

function stored(): State | undefined {
  const params = new URLSearchParams(read(MINE));
  try {
    const data = decode(params);
    return data && { data, base: params.get("base") ?? "", own: true };
  } catch {
    return undefined;
  }
}

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
