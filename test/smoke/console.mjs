import { smoke } from "./fit.mjs";

console.log(await smoke());
