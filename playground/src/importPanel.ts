// What was read of a CSV file: separator, decimal sign, columns, the first rows, and what was left out. The choices can
// be changed while the plot shows what comes of them.
import { type Choice, guessColumns, pickColumns, ROW_NUMBER, readTable, SEPARATORS, type Table } from "./csv";
import type { Data } from "./data";
import { fill, h } from "./dom";
import { pointCount } from "./numbers";

const PREVIEW_ROWS = 5;
const DECIMALS = { ".": "point (1.5)", ",": "comma (1,5)" };
type Given = Parameters<typeof readTable>[2];

/** Shows the import of a text in `box`, and gives its points to `use`. @throws Error where there are no points. */
export function importText(box: HTMLElement, text: string, source: string, use: (data: Data) => void): void {
  const show = (given: Given, wanted?: (table: Table) => Choice) => {
    const table = readTable(text, source, given);
    const choice = (wanted ?? guessColumns)(table);
    const { data, notices } = pickColumns(table, choice);
    use(data);
    render(table, choice, notices, data.points.length);
  };
  /** The same with a change; where it gives nothing the panel says so and the points stay. */
  const change = (given: Given, wanted?: (table: Table) => Choice) => {
    const focused = document.activeElement?.id;
    try {
      show(given, wanted);
    } catch (error) {
      const alert = box.querySelector("[role=alert]");
      if (alert) alert.textContent = (error as Error).message;
    }
    if (focused) document.getElementById(focused)?.focus();
  };

  const render = (table: Table, choice: Choice, notices: string[], count: number) => {
    const { separator, decimal, columns } = table;
    const given = { separator, decimal };
    const names = (k: "x" | "y") => ({
      ...(k === "x" ? { [ROW_NUMBER]: "number of the row" } : {}),
      ...Object.fromEntries(columns.map(({ name, kind }, i) => [i, kind === "number" ? name : `${name} (${kind})`])),
    });
    const column = (k: "x" | "y") =>
      select(`import-${k}`, `Column for ${k}`, names(k), String(choice[k]), (value) =>
        change(given, () => ({ ...choice, [k]: Number(value) })),
      );
    fill(
      box,
      h(
        "section",
        { class: "import", "aria-label": "Import" },
        h("h2", {}, `Imported from ${source}`),
        h(
          "div",
          { class: "row" },
          select("import-separator", "Separator", SEPARATORS, separator, (value) =>
            change({ separator: value as Table["separator"] }),
          ),
          select("import-decimal", "Decimal sign", DECIMALS, decimal, (value) =>
            change({ separator, decimal: value as Table["decimal"] }),
          ),
          column("x"),
          column("y"),
        ),
        preview(table, choice),
        h(
          "ul",
          { class: "notices" },
          [`${pointCount(count)}.`, ...notices].map((notice) => h("li", {}, notice)),
        ),
        h("p", { class: "error", role: "alert" }),
        h("button", { type: "button", onclick: () => box.replaceChildren() }, "Close"),
      ),
    );
  };
  show({});
}

function select(
  id: string,
  label: string,
  options: Record<string, string>,
  value: string,
  changed: (value: string) => void,
): HTMLElement {
  // Row numbers are the key −1, which an object has after the others.
  const items = Object.entries(options).map(([key, text]) =>
    h("option", { value: key, selected: key === value }, text),
  );
  const input = h("select", { id }, items);
  input.addEventListener("change", () => changed(input.value));
  return h("div", { class: "pick" }, h("label", { for: id }, label), input);
}

function preview({ columns, rows, numbers, header }: Table, { x, y }: Choice): HTMLElement {
  const mark = (i: number) => ({ class: i === x ? "is-x" : i === y ? "is-y" : "other" });
  const axis = (i: number) => (i === x ? " → x" : i === y ? " → y" : "");
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": "The first rows" },
    h(
      "table",
      { class: "preview" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "row"),
          columns.map(({ name }, i) => h("th", { scope: "col", ...mark(i) }, name + axis(i))),
        ),
      ),
      h(
        "tbody",
        {},
        rows.slice(0, PREVIEW_ROWS).map((row, r) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, String(numbers[r])),
            columns.map((_, i) => h("td", mark(i), (row[i] ?? "").slice(0, 30))),
          ),
        ),
      ),
    ),
    header ? [] : h("p", { class: "legend" }, "The first row has numbers: it is no header."),
  );
}
