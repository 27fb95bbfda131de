/** Half of the cases of a long run. */
import { longRun } from "./long.js";

longRun("simd", 0.5);
