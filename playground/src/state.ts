// State in the address: `#view?key=value&…`. Only what differs from the defaults is written.
import { hash, writeAddress } from "./address";

export type Value = number | string | boolean;

/** What every control has. */
interface Labelled {
  label: string;
  /** One line on what the control does. */
  help?: string;
}
export interface Range extends Labelled {
  kind: "range";
  min: number;
  max: number;
  step: number;
  value: number;
  /** How the value is shown beside the slider. */
  show?: (value: number) => string;
}
export interface Choice extends Labelled {
  kind: "select";
  options: Record<string, string>;
  value: string;
}
export interface Check extends Labelled {
  kind: "check";
  value: boolean;
}
/** The settings of a view: their controls and their defaults. */
export type Spec = Record<string, Range | Choice | Check>;
export type Values<S extends Spec> = {
  -readonly [K in keyof S]: S[K] extends Range ? number : S[K] extends Check ? boolean : string;
};

/** The view and the parameters in the address. */
export function readHash(): { view: string; params: URLSearchParams } {
  const [view = "", query = ""] = hash().split("?", 2);
  return { view, params: new URLSearchParams(query) };
}

/** Settings from the address; what is missing or wrong is the default. */
export function readValues<S extends Spec>(spec: S, params: URLSearchParams): Values<S> {
  const values: Record<string, Value> = {};
  for (const [key, field] of Object.entries(spec)) values[key] = readValue(field, params.get(key));
  return values as Values<S>;
}

function readValue(field: Range | Choice | Check, text: string | null): Value {
  if (text === null) return field.value;
  if (field.kind === "check") return text === "1";
  if (field.kind === "select") return Object.hasOwn(field.options, text) ? text : field.value;
  const number = Number(text);
  if (text === "" || !Number.isFinite(number)) return field.value;
  // Only the slider's own places: a step in between may be no number that the library takes.
  const { min, max, step } = field;
  const steps = Math.round((Math.min(max, Math.max(min, number)) - min) / step);
  return Number(Math.min(max, min + steps * step).toPrecision(12));
}

/** Settings, and extra parameters that are not empty, as the address has them. */
export function queryOf(spec: Spec, values: Record<string, Value>, extra: Record<string, string> = {}): string {
  const parts: string[] = [];
  const add = (key: string, text: string) => parts.push(`${key}=${encodeURIComponent(text).replaceAll("%2C", ",")}`);
  for (const [key, field] of Object.entries(spec)) {
    const value = values[key];
    if (value !== field.value) add(key, field.kind === "check" ? String(Number(value)) : String(value));
  }
  for (const [key, text] of Object.entries(extra)) if (text) add(key, text);
  return parts.join("&");
}

/** Writes settings to the address. */
export function writeHash(view: string, spec: Spec, values: Record<string, Value>, extra: Record<string, string> = {}) {
  const query = queryOf(spec, values, extra);
  writeAddress(`#${view}${query && `?${query}`}`);
}
