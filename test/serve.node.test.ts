/** The example of a server: its answers are those of the fit, and every bad request has an answer in words. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNetwork, load } from "../src/index.js";

interface Answer {
  statusCode: number;
  headers: Record<string, unknown>;
  json(): { mean?: number[]; sd?: number[]; error?: string; message?: string };
}
interface Server {
  inject(request: object): Promise<Answer>;
  close(): Promise<void>;
}

const net = createNetwork({ inputs: 2, hidden: 8, biasStd: 1, seed: 1 });
const X = Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(2 * i)]);
const ask = (server: Server, payload: unknown) => server.inject({ method: "POST", url: "/predict", payload });

let server: Server;
let bytes: Uint8Array;
let createServer: (bytes: Uint8Array, options?: object) => Promise<Server>;
beforeAll(async () => {
  const ntk = await load();
  bytes = ntk
    .fit(
      net,
      X,
      X.map(([a, b]) => a * b),
      { ridge: 0.1, scale: "fit" },
    )
    .snapshot();
  const path = "../examples/serve/server.mjs";
  ({ createServer } = await import(path));
  server = await createServer(bytes, { size: 1 });
});
afterAll(() => server.close());

test("answers are those of the fit", async () => {
  const ntk = await load();
  const { mean, variance } = ntk.restore(bytes).predict(X.slice(0, 3), { noise: true });
  const answer = await ask(server, { X: X.slice(0, 3) });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ mean: [...mean.data], sd: Array.from(variance.data, Math.sqrt) });
});

test.each<[string, unknown, number, RegExp]>([
  ["no X", {}, 400, /must have required property 'X'/],
  ["a string in X", { X: [["1", 2]] }, 400, /body\/X\/0\/0 must be number/],
  ["no row", { X: [] }, 400, /must NOT have fewer than 1 items/],
  ["too many rows", { X: Array.from({ length: 1001 }, () => [1, 2]) }, 400, /must NOT have more than 1000 items/],
  ["other columns than the fit's", { X: [[1, 2, 3]] }, 400, /X has 3 columns; expected 2/],
  ["ragged rows", { X: [[1, 2], [3]] }, 400, /ragged/],
  [
    "a body beyond the limit",
    { X: Array.from({ length: 900 }, () => [1e-300 / 3, 1e-300 / 3, 1e-300 / 3]) },
    413,
    /too large/,
  ],
])("%s", async (_, payload, status, message) => {
  const answer = await ask(server, payload);
  expect([answer.statusCode, answer.json().message]).toEqual([status, expect.stringMatching(message)]);
});

test("a full queue is 503, and the rest is answered", async () => {
  const small = await createServer(bytes, { size: 1, queue: 1 });
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(small, { X })));
  const codes = answers.map(({ statusCode }) => statusCode);
  expect(codes.filter((code) => code === 200).length).toBeGreaterThanOrEqual(2);
  const refused = answers.filter(({ statusCode }) => statusCode === 503);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0].headers["retry-after"]).toBe("1");
  expect(refused[0].json().message).toMatch(/queue of the pool is full/);
  expect(codes.every((code) => code === 200 || code === 503)).toBe(true);
  await small.close();
});
