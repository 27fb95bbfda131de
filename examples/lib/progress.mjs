// What a long example is doing: a bar that is written over on a terminal, plain lines elsewhere. It goes to the error
// stream, so that what an example prints can be kept.
import { Presets, SingleBar } from "cli-progress";

/** A terminal that does not say how wide it is gets plain lines. */
const terminal = process.stderr.isTTY === true && process.stderr.columns > 0;

/**
 * Starts a stage. Gives `tell(done, total)`, for how far it is, and `end()`. The work is synchronous: the bar is drawn
 * when `tell` is called.
 */
export function stage(name) {
  const start = performance.now();
  const bar = new SingleBar({ format: "{bar} {percentage} % {name}", clearOnComplete: true }, Presets.shades_classic);
  if (terminal) bar.start(1, 0, { name });
  else console.error(`${name} …`);
  return {
    tell(done, total) {
      if (!terminal) return;
      bar.setTotal(total);
      bar.update(done, { name });
    },
    end() {
      if (terminal) bar.stop();
      else console.error(`${name}: done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    },
  };
}
