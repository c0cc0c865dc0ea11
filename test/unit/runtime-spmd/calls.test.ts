import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serialize } from "node:v8";
import { table as facadeTable } from "../../../runtime/src/tables/literal.ts";
import { Table } from "../../../runtime/src/tables/table.ts";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { toIpc } from "../../../runtime/src/tables/ipc.ts";
import { alike, call, console as once, define, readParquet, SpmdTable, table } from "../../../runtime/src/spmd/index.ts";
import { rank, size } from "../../../runtime/src/spmd/rank.ts";
import { setWorld } from "../../../runtime/src/spmd/world.ts";
import { reader, run, site } from "./annotated.ts";
import { RecordingEngine, worldOf } from "./recording-engine.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-calls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let engine: RecordingEngine;

beforeEach(() => {
  engine = new RecordingEngine();
  setWorld(Promise.resolve(worldOf(engine)));
});

it("rank() and size() are the ranks' inside a call, and plain Node's 0 and 1 outside", async () => {
  setWorld(Promise.resolve({ ...worldOf(engine), rank: 2, size: 5 }));
  expect(await run(async () => `${rank()} of ${size()}`)).toBe("2 of 5");
  expect([rank(), size()]).toEqual([0, 1]);
});

describe("plans", () => {
  it("are cut lazily, with every node once and inputs first", async () => {
    await run(async () => {
      const source = await readParquet("in.parquet", {}, reader);
      const kept = source.filter({ site, predicate: { kind: "literal", type: "boolean", value: true } });
      const both = kept.join(kept, { site, type: "inner", on: [], columns: [] });
      expect(engine.plans).toHaveLength(0);
      expect(await both.numRows({ site })).toBe(3);
    });
    expect(engine.plans[0]!.nodes.map(({ op }) => op)).toEqual(["scan", "filter", "join"]);
    expect(engine.plans[0]!.nodes[2]).toMatchObject({ left: 1, right: 1 });
    expect(engine.plans[0]!.sinks).toEqual([{ op: "count", input: 2, site }]);
  });

  it("run once where a write has told the row count", async () => {
    const rows = await run(async () => {
      const t = (await readParquet("in.parquet", {}, reader)).slice(0, 3, { site });
      await t.writeParquet(join(folder, "counted"), {}, { site, ordered: true });
      return t.numRows({ site });
    });
    expect(rows).toBe(3);
    expect(engine.log.filter((line) => line.startsWith("execute"))).toEqual(["execute writeParquet"]);
  });

  it("take the row count of a file from its metadata, but not past a pushed filter", async () => {
    await run(async () => {
      expect(await (await readParquet("in.parquet", {}, reader)).numRows({ site })).toBe(10);
      const filtered = await readParquet("in.parquet", {}, { ...reader, filter: { kind: "literal", type: "boolean", value: true } });
      expect(await filtered.numRows({ site })).toBe(3);
    });
    expect(engine.plans).toHaveLength(1);
  });

  it("do not overflow the stack when a loop piles verbs on a table", async () => {
    await run(async () => {
      let t = await readParquet("in.parquet", {}, reader);
      for (let i = 0; i < 20_000; i++) t = t.dedupe({ site, keys: [] });
      await t.numRows({ site });
    });
    expect(engine.plans[0]!.nodes).toHaveLength(20_001);
  });

  it("give every spool its own number, also in a loop", async () => {
    await run(async () => {
      const source = await readParquet("in.parquet", {}, reader);
      for (let i = 0; i < 2; i++) await source.filter({ site, predicate: { kind: "literal", type: "boolean", value: true } }).spool({ site, spool: 0 }).numRows({ site });
    });
    const spools = engine.plans.flatMap((plan) => plan.nodes.flatMap((node) => (node.op === "spool" ? [node.spool] : [])));
    expect(new Set(spools).size).toBe(2);
  });

  it("register table literals when they are first needed, with nulls and Dates", async () => {
    await run(() => {
      const t = table({ d: [new Date(5), null, undefined] }, { ...reader, columns: [{ name: "d", type: "date", nullable: true }] });
      return t.slice(0, 1, { site }).numRows({ site });
    });
    expect(engine.registered).toHaveLength(1);
  });
});

describe("observers", () => {
  it("decode rows as the declared types", async () => {
    const source = facadeTable({ n: [1, null], s: ["x", "y"], d: [new Date(7), null], big: [1n, 2n] });
    engine.answer = () => ({ rows: 2, ipc: toIpc(source.columns) });
    const rows = await run(async () =>
      (await readParquet("in.parquet", {}, reader)).objects({}, {
        site,
        columns: [{ name: "s", type: "string", nullable: false }, { name: "n", type: "number", nullable: true }, { name: "d", type: "date", nullable: true }, { name: "big", type: "bigint", nullable: false }],
      }));
    expect(rows).toEqual([{ s: "x", n: 1, d: new Date(7), big: 1n }, { s: "y", n: null, d: null, big: 2n }]);
    expect(engine.plans[0]!.sinks[0]).toMatchObject({ op: "collect", everywhere: true });
  });

  it("name column, value and place of an integer no number holds", async () => {
    engine.answer = () => ({ rows: 1, ipc: toIpc(facadeTable({ id: [2n ** 53n + 1n] }).columns) });
    const failed = run(async () => (await readParquet("in.parquet", {}, reader)).get("id", 0, { site, type: "number" }));
    await expect(failed).rejects.toMatchObject({ code: "LS2004", site, message: expect.stringContaining("9007199254740993") as string });
  });

  it("get nothing where there is no row", async () => {
    engine.answer = () => ({ rows: 0, ipc: toIpc(facadeTable({ id: [1] }).slice(0, 0).columns) });
    expect(await run(async () => (await readParquet("in.parquet", {}, reader)).get("id", 5, { site, type: "number" }))).toBeUndefined();
    expect(await run(async () => (await readParquet("in.parquet", {}, reader)).get("id", -1, { site, type: "number" }))).toBeUndefined();
  });
});

describe("calls", () => {
  it("run one at a time in call order", async () => {
    const order: number[] = [];
    const slow = define("src/job.ts#slow", async (_: unknown, n: number) => {
      order.push(n);
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(-n);
    });
    await Promise.all([call(slow, [1]), call(slow, [2])]);
    expect(order).toEqual([1, -1, 2, -2]);
  });

  it("go on after one has failed, and close what it opened", async () => {
    await expect(run(async () => {
      await readParquet("in.parquet", {}, reader);
      throw new TypeError("mine");
    })).rejects.toThrow(new TypeError("mine"));
    expect(engine.log).toContain("close 1");
    expect(await run(() => 5)).toBe(5);
  });

  it("carry plain data, and refuse what would change on the way", async () => {
    const data = { list: [1, { a: new Date(1) }], map: new Map([["k", new Set([1n])]]), bytes: new Uint8Array([1]), none: undefined };
    expect(await run((_, value) => value, [data])).toEqual(data);
    class Money { amount = 1; }
    await expect(run(() => 0, [{ price: [new Money()] }])).rejects.toThrow(/argument 1 of f\d+\.price\[0\] is an instance of Money/);
    await expect(run(() => 0, [], { helper: () => 1 })).rejects.toThrow(/the captured helper is the function helper/);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(await run((_, value: typeof cycle) => value.self === value, [cycle])).toBe(true);
  });

  it("take the values of the moment at which they are made", async () => {
    const list = [1, 2];
    const bytes = new Uint8Array([7]);
    const captured = { factor: 3 };
    const slow = define("src/job.ts#first", () => new Promise((resolve) => setTimeout(resolve, 5)));
    const sees = define("src/job.ts#sees", (captures: { captured: { factor: number } }, values: number[], view: Uint8Array) => [...values, view[0], captures.captured.factor]);
    const first = call(slow, []);
    const second = call(sees, [list, bytes], { captured });
    list.push(3);
    bytes[0] = 8;
    captured.factor = 4;
    const third = call(sees, [list, bytes], { captured });
    expect(await Promise.all([first, second, third])).toEqual([undefined, [1, 2, 7, 3], [1, 2, 3, 8, 4]]);
  });

  it("number spools past those of every rank, one of which may have left a call early", async () => {
    const other = worldOf(engine);
    setWorld(Promise.resolve({ ...other, size: 2 }));
    engine.settle = async (outcome) => [Buffer.from(outcome), serialize({ spools: 5000 })];
    await run(() => 0);
    setWorld(Promise.resolve(other));
    await run(async () => (await readParquet("in.parquet", {}, reader)).spool({ site, spool: 0 }).filter({ site, predicate: { kind: "literal", type: "boolean", value: true } }).numRows({ site }));
    const [spool] = engine.plans.at(-1)!.nodes.flatMap((node) => (node.op === "spool" ? [node.spool] : []));
    expect(spool).toBeGreaterThanOrEqual(5000);
  });

  it("print outside of themselves too", async () => {
    const printed = vi.spyOn(globalThis.console, "log").mockImplementation(() => undefined);
    try {
      once.log("later");
      expect(printed).toHaveBeenCalledWith("later");
    } finally {
      printed.mockRestore();
    }
  });

  it("evaluate what must be alike in the order of the source", async () => {
    const order: string[] = [];
    const value = await run(() => Promise.all(["a", "b"].map((name) => alike(async () => {
      order.push(name);
      await new Promise((resolve) => setTimeout(resolve, name === "a" ? 5 : 0));
      order.push(name);
      return name;
    }))));
    expect([value, order]).toEqual([["a", "b"], ["a", "a", "b", "b"]]);
    await expect(run(() => alike(() => { throw new RangeError("gone"); }))).rejects.toThrow(new RangeError("gone"));
    await expect(run(() => alike(() => new Intl.Locale("de")))).rejects.toMatchObject({
      code: "LS2015", message: 'new Intl.Locale("de") on rank 0 is an instance of Locale, which cannot be sent to the other ranks', fix: expect.stringMatching(/same expression/) as string,
    });
  });

  it("refuse tables that outlive them", async () => {
    let leaked: SpmdTable | undefined;
    await run(async () => {
      leaked = (await readParquet("in.parquet", {}, reader)).slice(0, 1, { site });
    });
    await expect(async () => leaked!.numRows({ site })).rejects.toMatchObject({ code: "LS2016" });
  });
});

describe("tables that leave and enter calls", () => {
  it("come back as facade tables and go in again without their rows", async () => {
    const source = facadeTable({ n: [1, 2, 3] });
    engine.answer = (sink) => (sink.op === "collect" ? { rows: 3, ipc: toIpc(source.columns) } : { rows: 3 });
    const returned = (await run(async () => ({ t: await readParquet("in.parquet", {}, reader) }))) as { t: Table<{ n: number }> };
    expect(returned.t.objects()).toEqual(source.objects());
    expect(engine.plans.map((plan) => plan.sinks.map(({ op }) => op))).toEqual([["materialize", "count"], ["collect"]]);
    await run(async (_, t: SpmdTable) => expect(await t.filter({ site, predicate: { kind: "literal", type: "boolean", value: true } }).numRows({ site })).toBe(3), [returned.t]);
    expect(engine.plans.at(-1)!.nodes.map(({ op }) => op)).toEqual(["scan", "spool", "filter"]);
    expect(engine.registered).toHaveLength(0);
  });

  it("come back in Maps, Sets and rings", async () => {
    const source = facadeTable({ n: [1, 2, 3] });
    engine.answer = (sink) => (sink.op === "collect" ? { rows: 3, ipc: toIpc(source.columns) } : { rows: 3 });
    interface Ring { readonly by: Map<string, Set<Table<{ n: number }>>>; self?: Ring }
    const returned = (await run(async () => {
      const t = await readParquet("in.parquet", {}, reader);
      const ring: { by: Map<string, Set<SpmdTable>>; self?: unknown } = { by: new Map([["k", new Set([t])]]) };
      ring.self = ring;
      return ring;
    })) as Ring;
    expect(returned.self).toBe(returned);
    expect([...returned.by.get("k")!][0]!.objects()).toEqual(source.objects());
    const plain: { self?: unknown } = {};
    plain.self = plain;
    expect(await run(() => plain)).toBe(plain);
    class Result { constructor(readonly table: unknown) {} }
    await expect(run(async () => new Result(await readParquet("in.parquet", {}, reader)))).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("an instance of Result that holds a table") as string });
  });

  it("are told from data that looks like them", async () => {
    const data = { "lockstep:table": 1, list: [{}] };
    expect(await run((_, value) => value, [data])).toEqual(data);
  });

  it("too large for rank 0 still know their size", async () => {
    process.env.LOCKSTEP_COLLECT_LIMIT = "2";
    try {
      const t = (await run(async () => readParquet("in.parquet", {}, reader))) as Table<{ a: number }>;
      expect(t.numRows()).toBe(3);
      expect(() => t.objects()).toThrow(/the table has 3 rows; .* at most 2/);
    } finally {
      delete process.env.LOCKSTEP_COLLECT_LIMIT;
    }
  });

  it("made in ordinary code are sent", async () => {
    expect(await run(async (_, t: SpmdTable) => t.numRows({ site }), [facadeTable({ a: [1, 2] })])).toBe(2);
    await run(async (_, [t]: [SpmdTable]) => t.slice(0, 1, { site }).numRows({ site }), [[facadeTable({ a: [1, 2], d: [new Date(1), null] })]]);
    expect(engine.registered).toHaveLength(1);
    expect(engine.plans.at(-1)!.nodes[0]).toMatchObject({ columns: [{ name: "a", type: "number" }, { name: "d", type: "date" }] });
  });
});
