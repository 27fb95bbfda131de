// TensorFlow.js on its WebAssembly backend (XNNPACK): SIMD, threads, float32 only. It has no Cholesky, solve or
// eigh. Two choices were measured to be fast. Transposes are explicit: 65 ms against 700 with matMul's transposeB, n =
// 1000. No typed array is returned through tidy(), which would look for tensors in each of its 10⁶ entries (600 ms).
import { fileURLToPath } from "node:url";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

export const variants = ["float32"];

export async function create(_, threads) {
  wasm.setWasmPaths(fileURLToPath(new URL("node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url)));
  wasm.setThreadsCount(threads);
  if (!(await tf.setBackend("wasm"))) throw new Error("its wasm backend does not start");
  const matrix = ({ data, rows, cols }) => tf.tensor2d(Float32Array.from(data), [rows, cols]);
  const vector = (values) => tf.tensor1d(Float32Array.from(values));
  const gram = (a) => tf.matMul(a, tf.transpose(a));
  const read = (tensor) => {
    const data = tensor.dataSync();
    tensor.dispose();
    return data;
  };
  return {
    name: "@tensorflow/tfjs-backend-wasm",
    precision: "float32",
    threads: wasm.getThreadsCount(),
    kernel({ C, d, b }, X) {
      const [x, c, bias, scale] = [matrix(X), matrix(C), vector(d), vector(b)];
      const theta = () => {
        const S = tf.sigmoid(tf.add(tf.matMul(x, tf.transpose(c)), bias));
        const D = tf.mul(tf.mul(S, tf.sub(1, S)), scale);
        return tf.add(tf.add(gram(S), 1), tf.mul(tf.add(gram(x), 1), gram(D)));
      };
      return () => read(tf.tidy(theta));
    },
    gemm(A, B) {
      const [a, b] = [matrix(A), matrix(B)];
      return () => read(tf.matMul(a, b));
    },
  };
}
