/** The other half of the cases of a long run: JavaScript, and relaxed SIMD where the engine has it. */
import { variants } from "../setup/variants.js";
import { longRun } from "./long.js";

const relaxed = variants.includes("relaxed");
longRun("js", relaxed ? 0.25 : 0.5);
if (relaxed) longRun("relaxed", 0.25);
