import { guessColumns, pickColumns, readTable } from "../src/csv";
import type { Data } from "../src/data";

/** The points of a text, as they are detected. @throws Error */
export function parseCsv(text: string): Data {
  const table = readTable(text, "data.csv");
  return pickColumns(table, guessColumns(table)).data;
}
