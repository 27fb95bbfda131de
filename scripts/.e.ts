export { fitModel } from "../dist/regression/fit.js";
export { createNetwork } from "../dist/model/network.js";
export { createInfiniteNetwork } from "../dist/model/infinite.js";
export { Arena } from "../dist/arena.js";
export { instantiateBackend, variantOf, supports } from "../dist/backend/wasmModule.js";
