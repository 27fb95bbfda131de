// A server of predictions: a saved fit in a pool of workers. The event loop reads requests and writes answers, and
// computes nothing.
import Fastify from "fastify";
import { loadPool } from "ntk-wasm/worker";

/** Bytes of a request. */
const BODY_LIMIT = 64 * 1024;
/** Rows of a request. */
const MOST_ROWS = 1000;

/** What a request has to be: Fastify refuses others with 400 and says where. */
const SCHEMA = {
  body: {
    type: "object",
    required: ["X"],
    additionalProperties: false,
    properties: {
      X: {
        type: "array",
        minItems: 1,
        maxItems: MOST_ROWS,
        items: { type: "array", items: { type: "number" }, minItems: 1 },
      },
    },
  },
};

/** A saved fit behind `POST /predict`. `queue` requests may wait; one more is answered by 503. */
export async function createServer(bytes, { size, queue = 200 } = {}) {
  const pool = await loadPool({ ...(size ? { size } : {}), queue, setup: (ntk) => ntk.restore(bytes) });
  const app = Fastify({ bodyLimit: BODY_LIMIT, ajv: { customOptions: { coerceTypes: false } } });
  app.addHook("onClose", () => pool.dispose());
  app.setErrorHandler((error, _request, reply) => {
    if (error.name === "BackendError") return reply.code(503).header("retry-after", "1").send(bodyOf(error));
    // Shapes and numbers that are not those of the fit.
    const own = error.name === "RangeError" || error.name === "TypeError";
    return reply.code(error.statusCode ?? (own ? 400 : 500)).send(bodyOf(error));
  });
  app.post("/predict", { schema: SCHEMA }, async ({ body }) => {
    const { mean, variance } = await pool.run((_ntk, fit) => fit.predict(body.X, { noise: true }));
    return { mean: Array.from(mean.data), sd: Array.from(variance.data, Math.sqrt) };
  });
  app.get("/health", async () => ({
    workers: pool.size,
    waiting: pool.waiting,
    running: pool.running,
    replaced: pool.replaced,
  }));
  return app;
}

function bodyOf({ name, message }) {
  return { error: name, message };
}
