// The address, changed no more often than browsers allow. Safari throws after 100 changes in 30 seconds, Firefox after
// 200 in 10, and Chromium ignores what is more. Some changes are written at once; after a burst of them only the latest
// is, a little later.

/** Changes that are written at once, and the milliseconds after which one more may be: 90 in 30 seconds. */
const BURST = 30;
const EVERY_MS = 500;

let known = location.hash;
let waiting: string | undefined;
let timer = 0;
let credit = BURST;
let counted = 0;

/** The reader is at another address, and its hashchange event is still to come. */
const gone = () => location.hash !== known;

/** The part of the address behind its #, as it was written last. */
export const hash = (): string => (gone() ? location.hash : (waiting ?? location.hash)).slice(1);

/** Writes what waits. */
export function flushAddress(): void {
  clearTimeout(timer);
  timer = 0;
  if (waiting !== undefined && !gone()) {
    credit--;
    history.replaceState(null, "", waiting);
    known = location.hash;
  }
  waiting = undefined;
}

/** Changes the part behind the # without a new entry in the history. */
export function writeAddress(text: string): void {
  if (gone() || `#${hash()}` === text) return;
  const now = performance.now();
  credit = Math.min(BURST, credit + (now - counted) / EVERY_MS);
  counted = now;
  waiting = text;
  if (credit >= 1) flushAddress();
  else timer ||= window.setTimeout(flushAddress, EVERY_MS);
}

addEventListener("hashchange", () => {
  known = location.hash;
  waiting = undefined;
});
// Before a link is followed, or the page is left, the entry that stays behind is complete.
addEventListener("click", flushAddress, { capture: true });
addEventListener("pagehide", flushAddress);
