/** Builds a view in `root`, which is empty; when `signal` aborts the view is gone. */
export type Mount = (root: HTMLElement, params: URLSearchParams, signal: AbortSignal) => void | Promise<void>;
