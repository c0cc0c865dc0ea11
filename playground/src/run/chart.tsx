import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../state/server.ts";
import type { ResultTable } from "./runs.ts";
import { count } from "./units.ts";

/** A chart of so many rows is drawn in the page; of more, what the ranks made of them. */
const DRAWN = 5000;

type Point = Readonly<Record<string, unknown>>;

export function Chart({ run, index, table }: { run: string; index: number; table: ResultTable }) {
  const host = useRef<HTMLDivElement>(null);
  /** What the ranks made of a large table is of two columns; a small one has them all. */
  const [loaded, setLoaded] = useState<{ readonly points: readonly Point[]; readonly of: Axes } | null>(null);
  const [problem, setProblem] = useState("");
  const [x, setX] = useState(table.columns[0] ?? "");
  const [y, setY] = useState(table.columns[1] ?? table.columns[0] ?? "");
  const large = table.rows > DRAWN;

  useEffect(() => {
    let wanted = true;
    setLoaded(null);
    setProblem("");
    const take = async () => {
      const name = encodeURIComponent;
      const rows = large
        ? await (await ask(`runs/${run}/aggregate?table=${index}&x=${name(x)}&y=${name(y)}`)).json() as Point[]
        : ((await (await ask(`runs/${run}/rows?table=${index}&from=0&to=${table.rows}`)).json()) as unknown[][]).map((row) => Object.fromEntries(table.columns.map((column, n) => [column, row[n]])));
      if (wanted) setLoaded({ points: rows, of: { x, y } });
    };
    void take().catch((error: Error) => wanted && setProblem(error.message));
    return () => void (wanted = false);
    // Of a small table all columns are there.
  }, [run, index, ...(large ? [x, y] : [])]);

  useEffect(() => {
    let wanted = true;
    const place = host.current!;
    const labels = large && loaded ? loaded.of : { x, y };
    if (!loaded || loaded.points.length === 0) place.replaceChildren();
    else void plotOf(loaded.points, large ? { x: "across", y: "up" } : labels, labels, large).then((plot) => {
      // The frame has the name; Plot's own groups carry labels that no role allows.
      plot.setAttribute("aria-hidden", "true");
      if (wanted) place.replaceChildren(plot);
    }).catch((error: Error) => wanted && setProblem(error.message));
    return () => void (wanted = false);
  }, [loaded, ...(large ? [] : [x, y])]);

  const choice = (label: string, value: string, set: (value: string) => void) => (
    <label>{label} <select aria-label={label} value={value} onChange={(event) => set(event.currentTarget.value)}>{table.columns.map((name) => <option>{name}</option>)}</select></label>
  );
  return (
    <div>
      <div class="toolbar">
        {choice("across", x, setX)}
        {choice("up", y, setY)}
        {large && <span class="note">{count(table.rows)} rows: the ranks make at most 200 means of them</span>}
      </div>
      {problem !== "" && <p class="problem" role="alert">{problem}</p>}
      {!loaded && problem === "" && <p class="empty">{large ? "The ranks are aggregating…" : "Loading…"}</p>}
      {loaded?.points.length === 0 && <p class="empty">No row has a place here: all values are missing or not finite.</p>}
      <div class="plot" ref={host} role="img" aria-label={`Chart of ${y} by ${x}`} />
    </div>
  );
}

interface Axes {
  readonly x: string;
  readonly y: string;
}

const notFinite = new Set<unknown>(["NaN", "Infinity", "-Infinity"]);

/** A label takes no more than its place. */
const shortened = (text: string): string => (text.length > 24 ? `${text.slice(0, 23)}…` : text);

/** Observable Plot comes with the first chart. */
async function plotOf(points: readonly Point[], { x, y }: Axes, labels: Axes, aggregated: boolean): Promise<Element> {
  const Plot = await import("@observablehq/plot");
  // What JSON has no number for came as text.
  const isNumber = (name: string) => points.some((p) => typeof p[name] === "number") && points.every((p) => p[name] === null || typeof p[name] === "number" || notFinite.has(p[name]));
  const instant = (name: string) => points.length > 0 && points.every((p) => typeof p[name] === "string" && /^\d{4}-\d\d-\d\d(T|$)/.test(p[name]));
  const data = instant(x) ? points.map((p) => ({ ...p, [x]: new Date(p[x] as string) })) : points;
  const continuous = isNumber(x) || instant(x);
  // The name is part of the sheet whose hash the page's policy admits.
  const frame = { className: "chart", width: 640, height: 340, marginLeft: 64, marginBottom: 48, y: { grid: true, label: shortened(aggregated && isNumber(y) ? `mean of ${labels.y}` : labels.y) }, x: { label: shortened(labels.x), ...(!continuous && { tickFormat: (value: unknown) => shortened(String(value)) }) } };
  if (!isNumber(y)) return Plot.plot({ ...frame, y: { grid: true, label: "rows" }, marks: [Plot.barY(data, Plot.groupX({ y: "count" }, { x, fill: "var(--bar-1)" })), Plot.ruleY([0])] });
  if (continuous && aggregated) return Plot.plot({ ...frame, marks: [Plot.lineY(data, { x, y, stroke: "var(--bar-1)", sort: x }), Plot.ruleY([0])] });
  if (continuous) return Plot.plot({ ...frame, marks: [Plot.dot(data, { x, y, fill: "var(--bar-1)", r: 2.5 })] });
  // Names stand in the order of the result; of many the first.
  const first = data.slice(0, 60);
  return Plot.plot({ ...frame, x: { ...frame.x, tickRotate: first.length > 8 ? -35 : 0, domain: [...new Set(first.map((p) => String(p[x])))] }, marginBottom: first.length > 8 ? 90 : 48, marks: [Plot.barY(first, { x: (p: Point) => String(p[x]), y, fill: "var(--bar-1)" }), Plot.ruleY([0])] });
}
