/** Where large operands and results lie: anything with two methods. A shared folder is built in. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe } from "../check.js";
import { BackendError } from "../errors.js";
import { reading } from "../words.js";
import { decode, encode } from "./codec.js";

/**
 * A place for bytes that all machines see: a shared folder, an object store. Keys have letters, digits, `-` and `/`.
 * A key is always written with the same bytes, so that it does not matter who writes last.
 */
export interface Store {
  /** Writes bytes. A reader sees all of them, or none. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** The bytes of a key. Rejects where there are none. */
  get(key: string): Promise<Uint8Array>;
}

const KEY = /^[\w-]+(\/[\w-]+)*$/;

/**
 * A folder as a store, on one machine or shared by several. A file is written beside its place and renamed, so that no
 * reader sees a part of it.
 *
 * @throws TypeError, RangeError where `path` is no path.
 * @example
 * import { folderStore } from "ntk-wasm/bullmq";
 * const store = folderStore("build/example-store");
 * await store.put("greeting", new Uint8Array([104, 105]));
 * (await store.get("greeting")).length; // 2
 */
export function folderStore(path: string): Store {
  if (typeof path !== "string") throw new TypeError(`path is ${describe(path)}; expected the path of a folder`);
  if (path === "") throw new RangeError('path is ""; expected the path of a folder');
  const fileOf = (key: string) => {
    if (typeof key !== "string" || !KEY.test(key))
      throw new RangeError(`the key is ${describe(key)}; expected letters, digits, - and /`);
    return join(path, key);
  };
  return {
    async put(key, bytes) {
      const file = fileOf(key);
      const beside = `${file}.${randomUUID()}.part`;
      await mkdir(dirname(file), { recursive: true });
      try {
        await writeFile(beside, bytes);
        await rename(beside, file);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
    },
    async get(key) {
      return readFile(fileOf(key));
    },
  };
}

/** @throws TypeError for what is no store. */
export function checkStore(store: unknown): Store {
  const object = (typeof store === "object" && store !== null ? store : {}) as Partial<Store>;
  const { put, get } = reading("store", () => ({ put: object.put, get: object.get }));
  if (typeof put !== "function" || typeof get !== "function")
    throw new TypeError(`store is ${describe(store)}; expected { put, get }, or folderStore(path)`);
  return store as Store;
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A value in a store: its key, the hash of its bytes and their number. */
export interface Stored {
  key: string;
  hash: string;
  bytes: number;
}

/** Stores a value under the hash of its bytes; equal values are stored once. */
export async function putValue(store: Store, value: unknown): Promise<Stored> {
  const bytes = encode(value);
  const hash = sha256(bytes);
  const key = `objects/${hash.slice(0, 2)}/${hash.slice(2)}`;
  await store.put(key, bytes);
  return { key, hash, bytes: bytes.length };
}

/** A stored value. @throws BackendError where its bytes are not those that were stored */
export async function getValue(store: Store, { key, hash }: Stored): Promise<unknown> {
  const bytes = await store.get(key);
  if (sha256(bytes) !== hash)
    throw new BackendError(`the store has other bytes at ${key} than were put there; submit the run anew`);
  return decode(bytes);
}
