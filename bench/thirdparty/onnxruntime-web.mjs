// ONNX Runtime Web, WebAssembly execution provider: SIMD, threads. The models are written here as ONNX protobuf,
// with the network's weights as initializers. The ONNX operators have no Cholesky, solve or eigh.
import * as ort from "onnxruntime-web";

export const variants = ["float64", "float32"];

const TYPES = { float32: { onnx: 1, array: Float32Array }, float64: { onnx: 11, array: Float64Array } };

// Protobuf: varints, length-delimited fields, messages as nested arrays of bytes. Field numbers are the ones of
// onnx.proto3.
const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
const int = (field, n) => Uint8Array.from([...varint(field << 3), ...varint(n)]);
const bytes = (field, body) => Buffer.concat([Uint8Array.from([...varint((field << 3) | 2), ...varint(body.length)]), body]);
const text = (field, string) => bytes(field, Buffer.from(string));
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

const tensor = (type, label, dims, values) => {
  const raw = Buffer.from(TYPES[type].array.from(values).buffer);
  return message(5, ...dims.map((n) => int(1, n)), int(2, TYPES[type].onnx), text(8, label), bytes(9, raw));
};
const port = (field, type, label, dims) => {
  const shape = message(2, ...dims.map((n) => message(1, int(1, n))));
  return message(field, text(1, label), message(2, message(1, int(1, TYPES[type].onnx), shape)));
};
const input = (type, label, dims) => port(11, type, label, dims);
const output = (type, label, dims) => port(12, type, label, dims);
/** `out = operator(...inputs)`; `attributes` are integers. */
const node = (operator, out, inputs, attributes = {}) => {
  const list = Object.entries(attributes).map(([key, n]) => message(5, text(1, key), int(3, n), int(20, 2)));
  return message(1, ...inputs.map((label) => text(1, label)), text(2, out), text(4, operator), ...list);
};
const model = (...graph) => message(7, text(2, "bench"), ...graph);
const file = (graph) => Buffer.concat([int(1, 8), graph, message(8, text(1, ""), int(2, 13))]);

export async function create(precision, threads) {
  ort.env.wasm.numThreads = threads;
  const { array } = TYPES[precision];
  const feed = ({ data, rows, cols }) => new ort.Tensor(precision, array.from(data), [rows, cols]);
  const prepare = async (graph, feeds) => {
    const session = await ort.InferenceSession.create(file(graph), { executionProviders: ["wasm"] });
    return async () => (await session.run(feeds)).out.data;
  };
  return {
    name: "onnxruntime-web",
    precision,
    threads: ort.env.wasm.numThreads,
    kernel({ C, d, b }, X) {
      const transposed = { transB: 1 };
      const graph = model(
        node("Gemm", "Z", ["x", "C", "d"], transposed),
        node("Sigmoid", "S", ["Z"]),
        node("Sub", "T", ["one", "S"]),
        node("Mul", "slope", ["S", "T"]),
        node("Mul", "D", ["slope", "b"]),
        node("Gemm", "inner", ["x", "x", "one"], transposed),
        node("Gemm", "slopes", ["D", "D"], transposed),
        node("Mul", "tail", ["inner", "slopes"]),
        node("Gemm", "values", ["S", "S", "one"], transposed),
        node("Add", "out", ["values", "tail"]),
        tensor(precision, "C", [C.rows, C.cols], C.data),
        tensor(precision, "d", [d.length], d),
        tensor(precision, "b", [b.length], b),
        tensor(precision, "one", [1], [1]),
        input(precision, "x", [X.rows, X.cols]),
        output(precision, "out", [X.rows, X.rows]),
      );
      return prepare(graph, { x: feed(X) });
    },
    gemm(A, B) {
      const graph = model(
        node("MatMul", "out", ["a", "b"]),
        input(precision, "a", [A.rows, A.cols]),
        input(precision, "b", [B.rows, B.cols]),
        output(precision, "out", [A.rows, B.cols]),
      );
      return prepare(graph, { a: feed(A), b: feed(B) });
    },
  };
}
