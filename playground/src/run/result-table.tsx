import { memo } from "preact/compat";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ask } from "../state/server.ts";
import type { ResultTable } from "./runs.ts";
import { count } from "./units.ts";

const ROW = 26;
/** Rows that are asked for at once. */
const PAGE = 400;
/** Pages that are kept: scrolling through millions of rows holds a few thousand. */
const KEPT = 12;
/** Columns that are drawn: the others are counted. */
const MOST_COLUMNS = 100;
/** Browsers draw no element higher than about 16 million pixels: more rows share the height. */
const TALLEST = 12_000_000;

type Row = readonly unknown[];

/** Rows of a result that the server keeps, as they are scrolled to. */
class Pages {
  readonly #address: string;
  readonly #table: ResultTable;
  readonly #changed: () => void;
  /** Oldest use first. */
  readonly #pages = new Map<number, readonly Row[] | "asked" | Error>();

  constructor(run: string, index: number, table: ResultTable, changed: () => void) {
    this.#address = `runs/${run}/rows?table=${index}`;
    this.#table = table;
    this.#changed = changed;
  }

  /** Undefined until it has come. */
  row(n: number): Row | undefined | Error {
    const page = Math.floor(n / PAGE);
    const found = this.#pages.get(page);
    if (found instanceof Error) return found;
    if (found === "asked") return undefined;
    if (found) return found[n % PAGE];
    this.#pages.set(page, "asked");
    void this.#load(page);
    return undefined;
  }

  async #load(page: number): Promise<void> {
    try {
      const response = await ask(`${this.#address}&from=${page * PAGE}&to=${Math.min(this.#table.rows, (page + 1) * PAGE)}`);
      this.#pages.set(page, (await response.json()) as Row[]);
    } catch (error) {
      this.#pages.set(page, error as Error);
    }
    for (const old of this.#pages.keys()) if (this.#pages.size > KEPT && old !== page) this.#pages.delete(old);
    this.#changed();
  }
}

export function ResultRows({ run, index, table }: { run: string; index: number; table: ResultTable }) {
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(400);
  const [, redraw] = useState(0);
  const scroll = useRef<HTMLDivElement>(null);
  const pages = useMemo(() => new Pages(run, index, table, () => redraw((n) => n + 1)), [run, index]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setHeight(entry!.contentRect.height));
    observer.observe(scroll.current!);
    return () => observer.disconnect();
  }, []);

  const columns = table.columns.slice(0, MOST_COLUMNS);
  const total = Math.min(TALLEST, table.rows * ROW);
  const visible = Math.ceil(height / ROW) + 2;
  const share = total > height ? top / (total - height) : 0;
  const first = Math.max(0, Math.min(table.rows - visible + 2, Math.floor(share * Math.max(0, table.rows - height / ROW + 1))));
  const rows = Array.from({ length: Math.min(visible, table.rows - first) }, (_, n) => first + n);
  const isNumber = (column: number) => rows.some((n) => typeof (pages.row(n) as Row | undefined)?.[column] === "number");
  return (
    <div class="rows-table">
      <div class="rows-scroll" ref={scroll} tabIndex={0} role="region" aria-label={`Rows of ${table.name}`} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
        <div class="rows-space" style={{ height: `${total + ROW}px` }}>
          <table style={{ transform: `translateY(${top}px)` }} aria-rowcount={table.rows}>
            <thead><tr><th scope="col">#</th>{columns.map((name, n) => <th scope="col" class={isNumber(n) ? "numeric" : ""}>{name}</th>)}</tr></thead>
            <tbody>{rows.map((n) => <Cells key={n} n={n} row={pages.row(n)} columns={columns.length} />)}</tbody>
          </table>
        </div>
      </div>
      <p class="note">{count(table.rows)} {table.rows === 1 ? "row" : "rows"}, {count(table.columns.length)} {table.columns.length === 1 ? "column" : "columns"}{table.columns.length > MOST_COLUMNS && `, of which the first ${MOST_COLUMNS} are shown`}</p>
    </div>
  );
}

interface CellsProps {
  readonly n: number;
  readonly row: Row | undefined | Error;
  readonly columns: number;
}

/** Rendered once: scrolling renders only the rows that come into sight. */
const Cells = memo(({ n, row, columns }: CellsProps) => (
  <tr aria-rowindex={n + 1}>
    <td class="number">{n}</td>
    {row instanceof Error || row === undefined ? <td colSpan={columns} class="note">{row?.message ?? "…"}</td> : row.slice(0, columns).map((value) => <Cell value={value} />)}
  </tr>
));

function Cell({ value }: { value: unknown }) {
  if (value === null || value === undefined) return <td class="null">null</td>;
  if (typeof value === "number") return <td class="numeric">{String(value)}</td>;
  return <td>{typeof value === "object" ? JSON.stringify(value) : String(value)}</td>;
}
