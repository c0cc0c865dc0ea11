/** Sources of a program's own: the same rows untransformed and on 1, 2, 3 and 7 ranks, each chunk asked for once, in whatever form its rows come. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closedByTeam } from "../../playground/examples/paged-api/src/job.ts";
import { openDesk } from "../../playground/examples/paged-api/src/desk.ts";
import { Executions } from "../executions.ts";
import { difference } from "../oracle/compare.ts";
import type { Answer } from "../oracle/rank-pool.ts";
import { shared } from "../sample.ts";
import * as jobs from "./programs/jobs.ts";
import type { Numbers } from "./programs/numbers.ts";

const programs = new Executions({ ...jobs, closedByTeam }, "test/sources/programs/jobs.ts", "playground/examples/paged-api/src/job.ts");
const { scratch } = programs;
let desk: Awaited<ReturnType<typeof openDesk>>;

beforeAll(async () => {
  desk = await openDesk();
  await programs.open();
});
afterAll(async () => {
  desk.close();
  await programs.close();
});

type Name = keyof typeof jobs | "closedByTeam";
const plain = (name: Name, ...args: unknown[]): Promise<Answer> => programs.plain(name, args);
const onRanks = (ranks: number, name: Name, ...args: unknown[]): Promise<Answer> => programs.onRanks(ranks, name, args);
const value = (answer: Promise<Answer>): Promise<unknown> => programs.value(answer);

let logs = 0;
const newLog = (): string => join(scratch, `log-${++logs}`);
const said = (log: string): string[] => (existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : []);
const usual: Numbers = { chunks: 13, rows: 250, form: "arrays" };

it("plain Node reads all chunks in their order, and closes what it opens", async () => {
  const log = newLog();
  const [rows, objects] = (await value(plain("whole", { ...usual, log }))) as [number, { id: number; at: Date; price: number; day: Date }[]];
  expect(rows).toBe(11 * 250);
  expect(objects.map(({ id }) => id)).toEqual(Array.from({ length: 13 }, (_, chunk) => (chunk % 5 === 4 ? [] : Array.from({ length: 250 }, (_, i) => chunk * 1_000_000 + i))).flat());
  expect(objects[5]).toEqual({ id: 5, kind: "kind 0", at: new Date(Date.UTC(2020, 0, 1, 5)), value: 0.625, price: 1.25, ok: false, day: new Date(Date.UTC(2020, 0, 6)) });
  expect(said(log)).toEqual(["planned", ...Array.from({ length: 13 }, (_, chunk) => [`begun ${chunk} id,kind,at,value,price,ok,day`, `closed ${chunk} false`]).flat()]);
});

const wrongs: readonly (readonly [NonNullable<Numbers["wrong"]>, RegExp])[] = [
  ["throws", /^numbers, chunk 11 \(\{"number":11\}\)( on rank \d)?: TypeError: no such page$/],
  ["class", /: not today$/],
  ["missing", /: a batch has no column "id"$/],
  ["unknown", /: a batch has a column "idd", which the schema has not; did you mean "id"\?$/],
  ["type", /: the column "id" is string in a batch, and the schema says int64$/],
  ["uneven", /: a batch has \d+ rows in one column and \d+ in "/],
  ["nothing", /: a batch has no list for the column "id": /],
  ["never closes", /: a batch has no column "id"$/],
  ["fails to close", /: a batch has no column "id"$/],
];
const noIterators = [["promise", "a Promise"], ["undefined", "nothing"], ["null", "null"], ["text", "a string"], ["object", "an object"]] as const;

describe.each(shared([1, 2, 3, 7], 1))("on %i ranks", (ranks) => {
  const agrees = async (name: Name, ...args: unknown[]): Promise<void> => {
    expect(difference(await value(plain(name, ...args)), await value(onRanks(ranks, name, ...args)))).toBeNull();
  };

  it.each(["arrays", "ipc", "batch", "table"] as const)("rows that come as %s", async (form) => {
    await agrees("whole", { ...usual, form });
    await agrees("bigints", { ...usual, form, rows: 101 });
  });

  it.each([0, 1, 2, 40])("of %i chunks", async (chunks) => {
    await agrees("whole", { ...usual, chunks });
    await agrees("counted", { ...usual, chunks });
  });

  it("each chunk is asked for once, its columns are those that are used, and planning is rank 0's", async () => {
    const log = newLog();
    const right = await value(plain("several", usual, join(scratch, `right-${ranks}`)));
    expect(difference(right, await value(onRanks(ranks, "several", { ...usual, log }, join(scratch, `out-${ranks}`))))).toBeNull();
    const lines = said(log);
    expect(lines.filter((line) => line === "planned").length).toBe(1);
    expect(lines.filter((line) => line.startsWith("begun")).sort()).toEqual(Array.from({ length: 13 }, (_, chunk) => `begun ${chunk} id,kind,at,value,price,ok,day`).sort());
    const few = newLog();
    await value(onRanks(ranks, "counted", { ...usual, log: few }));
    expect(said(few).filter((line) => line.startsWith("begun")).every((line) => line.endsWith(" id"))).toBe(true);
  });

  it.each(wrongs)("%s: an error with source, chunk and rank", async (wrong, message) => {
    const log = newLog();
    const options = { ...usual, wrong };
    const [right, answer] = [await plain("whole", options), await onRanks(ranks, "whole", { ...options, log })];
    for (const found of [right, answer]) expect(found).toMatchObject({ error: { code: "LS2025", message: expect.stringMatching(message) } });
    if (ranks > 1) expect((answer as { error: { message: string } }).error.message).toContain(` on rank ${ranks - 1}: `.slice(0, 9));
    // Whoever was reading has been closed.
    const lines = said(log);
    const of = (word: string): string[] => lines.filter((line) => line.startsWith(word)).map((line) => line.split(" ")[1]!).sort();
    expect(of("closed")).toEqual(of("begun"));
  });

  it("nulls that the interface denies, and what else is wrong", async () => {
    expect(await onRanks(ranks, "whole", { ...usual, wrong: "null" })).toMatchObject({ error: { code: "LS2003", message: expect.stringContaining("column id is null in row 107") } });
    expect(await onRanks(ranks, "another")).toMatchObject({ error: { code: "LS2002", message: expect.stringMatching(/numbers differs from the interface in 2 columns\n  id: string, and the source says int64\n  nam: string, and the source says nothing of it/) } });
    for (const run of [plain, (name: Name, ...args: unknown[]) => onRanks(ranks, name, ...args)]) {
      expect(await run("noType")).toMatchObject({ error: { code: "LS2015", message: expect.stringContaining('nowhere: schema: id: the type "int63"') } });
      expect(await run("noSource")).toMatchObject({ error: { code: "LS2016", message: expect.stringContaining("call it with the source's options") } });
      expect(await run("inPlanning", "schema")).toMatchObject({ error: { code: "LS2025", message: expect.stringContaining("broken: schema: no schema today") } });
      expect(await run("inPlanning", "chunks")).toMatchObject({ error: { code: "LS2025", message: expect.stringContaining("broken: chunks gives no list") } });
      expect(await run("inPlanning", "functions")).toMatchObject({ error: { code: "LS2015", message: expect.stringContaining("broken: chunks[0] is the function functions, which cannot be sent") } });
      expect(await run("inPlanning", "class")).toMatchObject({ error: { code: "LS2015", message: expect.stringContaining("broken: chunks[0].page is an instance of Page, which cannot be sent") } });
      expect(await run("inPlanning", "circle")).toMatchObject({ error: { code: "LS2025", message: expect.stringMatching(/^broken, chunk 0 \(<ref \*1> \{ own: \[Circular \*1\] \}\).*: true$/) } });
      expect(await run("inPlanning", "late")).toMatchObject({ error: { code: "LS2025", message: "broken: chunks: nothing has come for 0.5 s" } });
      expect(await run("inPlanning", "never")).toMatchObject({ error: { code: "LS2025", message: expect.stringMatching(/^broken, chunk 0 \(1\).*: nothing has come for 0.5 s$/) } });
    }
    await agrees("caught", { ...usual, wrong: "throws" });
  });

  it.each(noIterators)("read that gives no iterator but %s", async (at, found) => {
    for (const answer of [plain("inPlanning", at), onRanks(ranks, "inPlanning", at)]) {
      expect(await answer).toMatchObject({ error: { code: "LS2025", message: expect.stringMatching(new RegExp(`^broken, chunk 0 \\(1\\)( on rank \\d)?: read gives ${found}, not an iterator of batches$`)) } });
    }
  });

  it("a table that is returned", async () => {
    const right = ((await value(plain("handed", usual))) as Table<{ id: number; kind: string }>).objects();
    expect(difference(right, ((await value(onRanks(ranks, "handed", usual))) as { objects?: () => unknown }))).toBeNull();
  });

  it("the example: a REST API with pages, which is asked for those that it has of what is wanted", async () => {
    const pages = async (run: () => Promise<Answer>): Promise<[answer: unknown, pages: number]> => {
      desk.asked.length = 0;
      return [await value(run()), new Set(desk.asked.filter((url) => url.startsWith("/tickets?"))).size];
    };
    const since = new Date("2026-01-08");
    const [right, all] = await pages(() => plain("closedByTeam", desk.url, since));
    const [answer, some] = await pages(() => onRanks(ranks, "closedByTeam", desk.url, since));
    expect((right as unknown[]).length).toBe(4);
    expect(difference(right, answer)).toBeNull();
    // Of 893 tickets, and of the 551 that are closed and not older.
    expect([all, some]).toEqual([23, 14]);
  });
});
