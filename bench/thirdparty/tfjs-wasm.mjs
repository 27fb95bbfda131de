// TensorFlow.js on its WebAssembly backend (XNNPACK): SIMD, one thread, float32 only. It has no Cholesky, solve or eigh.
import { fileURLToPath } from "node:url";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

export const variants = ["float32"];

export async function create() {
  wasm.setWasmPaths(fileURLToPath(new URL("node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url)));
  wasm.setThreadsCount(1);
  if (!(await tf.setBackend("wasm"))) throw new Error("its wasm backend does not start");
  const matrix = ({ data, rows, cols }) => tf.tensor2d(Float32Array.from(data), [rows, cols]);
  const vector = (values) => tf.tensor1d(Float32Array.from(values));
  return {
    name: "@tensorflow/tfjs-backend-wasm",
    precision: "float32",
    kernel({ C, d, b }, X) {
      const [x, c, bias, scale] = [matrix(X), matrix(C), vector(d), vector(b)];
      return () =>
        tf.tidy(() => {
          const S = tf.sigmoid(tf.add(tf.matMul(x, c, false, true), bias));
          const D = tf.mul(tf.mul(S, tf.sub(1, S)), scale);
          const tail = tf.mul(tf.add(tf.matMul(x, x, false, true), 1), tf.matMul(D, D, false, true));
          return tf.add(tf.add(tf.matMul(S, S, false, true), 1), tail).dataSync();
        });
    },
    gemm(A, B) {
      const [a, b] = [matrix(A), matrix(B)];
      return () => tf.tidy(() => tf.matMul(a, b).dataSync());
    },
  };
}
