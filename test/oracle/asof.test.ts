// As-of joins as DuckDB answers them: of distinct times, since of equal ones it takes any.
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { table } from "@lockstep/runtime";

const random = (seed: number) => () => (seed = (seed * 48271) % 2147483647) / 2147483647;

test.each(["backward", "forward"] as const)("join_asof, %s, with keys and without", async (strategy) => {
  const next = random(strategy.length);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)]!;
  const left = Array.from({ length: 300 }, (_, id) => ({ id, k: pick(["a", "b", "c", null]), t: pick([null, ...Array.from({ length: 60 }, (_, i) => i / 2)]) }));
  const right = ["a", "b", "d"].flatMap((k) => Array.from({ length: 20 }, () => Math.floor(next() * 40)).filter((t, n, all) => all.indexOf(t) === n).map((t) => ({ k, t: t === 7 ? null : t })));
  const once = right.filter(({ t }, n) => right.findIndex((other) => other.t === t) === n);
  const columns = <T extends object>(rows: readonly T[]) => Object.fromEntries(Object.keys(rows[0]!).map((name) => [name, rows.map((row) => row[name as keyof T])])) as never;
  const [trades, quotes, few] = [table<any>(columns(left)), table<any>(columns(right)), table<any>(columns(once))];

  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const values = (rows: readonly object[]): string => rows.map((row) => `(${Object.values(row).map((v) => (v === null ? "null" : typeof v === "string" ? `'${v}'` : String(v))).join(", ")})`).join(", ");
  const compare = strategy === "backward" ? ">=" : "<=";
  const asked = async (rows: typeof right, condition: string): Promise<unknown[]> => {
    const query = `select r.t from (values ${values(left)}) l(id, k, t) asof left join (values ${values(rows)}) r(k, t) on ${condition}l.t ${compare} r.t order by l.id`;
    const found = (await connection.runAndReadAll(query)).getRows().map(([t]) => (t === null ? null : Number(t)));
    // DuckDB 1.5 finds rows that are not before null.
    return found.map((t, id) => (left[id]!.t === null ? null : t));
  };
  expect(trades.join_asof(quotes, { on: "t", by: "k", strategy } as never).array("t" as never)).toEqual(left.map(({ t }) => t));
  const found = trades.join_asof(quotes.rename({ t: "found" } as never), { on: ["t", "found"], by: "k", strategy } as never);
  expect(found.array("found" as never)).toEqual(await asked(right, "l.k = r.k and "));
  const foundOfAll = trades.join_asof(few.rename({ t: "found", k: "other" } as never), { on: ["t", "found"], strategy } as never);
  expect(foundOfAll.array("found" as never)).toEqual(await asked(once, ""));
  connection.closeSync();
  instance.closeSync();
});
