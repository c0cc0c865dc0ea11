/**
 * Two jobs at once that add to one place, again and again, with crashes and lost answers at random steps; whoever dies is started again under its
 * name, and at times twice at once. All rows are there, once. `LOCKSTEP_COMMITS=1000` says how many commits a place has.
 */
import { join } from "node:path";
import { readIceberg, readParquet, table } from "@lockstep/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Job, killed, type Lived } from "../jobs/killed.ts";
import { canTrace, killedAt, type Step, stepsOf } from "../jobs/traced.ts";
import { readWritten } from "../oracle/written.ts";
import { commits } from "../sample.ts";
import { random } from "../stores/proxy.ts";
import { within } from "../stores/servers.ts";
import { Targets } from "./targets.ts";

const targets = new Targets();
const { scratch } = targets;
beforeAll(() => targets.open(), 600_000);
afterAll(() => targets.close());

type Ids = { readonly id: number | bigint | null }[];

interface Place {
  /** A job that adds the rows from a number to another. */
  job(from: number, to: number, name?: string): Job;
  /** As plain Node reads it. */
  ours(): Promise<Ids>;
  /** As others do. */
  theirs(): Promise<Ids>;
  /** Makes few files of many: what is read in every round does not grow with the rounds. */
  tidy?(rows: readonly number[]): Promise<void>;
  /** The folder that a job changes step by step, where no server sees it. */
  readonly folder?: string;
}

const rowsOf = (ids: readonly number[]) => table({ id: [...ids] });

const places: Record<string, () => Promise<Place>> = {
  "Iceberg, a REST catalog": async () => {
    const [into, catalog] = ["commits.crowd", { name: "rest", uri: targets.catalog.uri }];
    await rowsOf([-1]).writeIceberg(into, { catalog });
    return {
      job: (from, to, name) => targets.job("addIceberg", [into, from, to, targets.rest], name),
      ours: async () => (await readIceberg<{ id: number }>(into, { catalog })).objects() as Ids,
      theirs: async () => (await targets.byPyIceberg(into)).rows as unknown as Ids,
      tidy: (ids) => rowsOf(ids).writeIceberg(into, { catalog, mode: "overwrite" }),
    };
  },
  "Iceberg, a folder": async () => {
    const folder = join(scratch, "crowd/table");
    await rowsOf([-1]).writeIceberg(folder);
    return {
      folder,
      job: (from, to, name) => targets.job("addIceberg", [folder, from, to, null], name),
      ours: async () => (await readIceberg<{ id: number }>(folder)).objects() as Ids,
      theirs: async () => (await targets.byPyIceberg(folder)).rows as unknown as Ids,
      tidy: (ids) => rowsOf(ids).writeIceberg(folder, { mode: "overwrite" }),
    };
  },
  "Parquet, an object store": async () => {
    const into = "s3://lockstep/crowd";
    await rowsOf([-1]).writeParquet(into);
    return {
      job: (from, to, name) => targets.job("addParquet", [into, from, to], name),
      ours: async () => (await readParquet<{ id: number }>(into)).objects() as Ids,
      theirs: async () => [...(await readWritten(join(targets.store.folder, "lockstep/crowd"))).values()].flatMap(({ rows }) => rows as unknown as Ids),
      tidy: (ids) => rowsOf(ids).writeParquet(into, { mode: "overwrite" }),
    };
  },
  "Parquet, a folder": async () => {
    const folder = join(scratch, "crowd/files");
    await rowsOf([-1]).writeParquet(folder);
    return {
      folder,
      job: (from, to, name) => targets.job("addParquet", [folder, from, to], name),
      ours: async () => (await readParquet<{ id: number }>(folder)).objects() as Ids,
      theirs: async () => [...(await readWritten(folder)).values()].flatMap(({ rows }) => rows as unknown as Ids),
      tidy: (ids) => rowsOf(ids).writeParquet(folder, { mode: "overwrite" }),
    };
  },
  PostgreSQL: async () => {
    await targets.postgres.sql("CREATE TABLE crowd (id float8); INSERT INTO crowd VALUES (-1)");
    const ours = async (): Promise<Ids> => (await targets.postgres.sql("SELECT id FROM crowd")) as unknown as Ids;
    return { job: (from, to, name) => targets.job("addPostgres", ["crowd", from, to], name), ours, theirs: ours };
  },
};

const sorted = (ids: Ids): number[] => ids.map(({ id }) => Number(id)).sort((a, b) => a - b);
const ROWS = 10;
const rounds = Math.ceil(commits(4) / 2);

it.each(Object.keys(places))("%s", { timeout: 300_000 + 20_000 * rounds }, async (name) => {
  const next = random(17);
  const below = (limit: number): number => Math.floor(next() * limit);
  const place = await within(targets.clean, places[name]!);
  const alone: Job = { ...place.job(-1 - ROWS, -1), ranks: 2 };
  /** What a job does where nobody disturbs it. */
  const steps: Step[] | number = place.folder === undefined ? (await killed({ ...alone, at: 0, watch: targets.watch })).steps : await stepsOf(alone, place.folder);
  const known = Array.from({ length: ROWS + 1 }, (_, i) => i - 1 - ROWS);
  let [deaths, restarts] = [0, 0];

  /** One of the ways in which a job's first attempt may go. */
  const troubled = (job: Job): Promise<Lived> => {
    if (typeof steps !== "number") return canTrace && next() < 0.7 ? killedAt(job, steps[below(steps.length)]!) : killed({ ...job, at: 0, watch: () => undefined });
    const [victims, at] = [(["one", "all", "launcher", undefined] as const)[below(4)], below(steps * 2)];
    if (victims) return killed({ ...job, victims, at, watch: targets.watch });
    let step = 0;
    return killed({ ...job, at: 0, watch: (isWatched) => void (targets.decide = isWatched && (() => (step++ === at ? "lost" : undefined))) });
  };
  const calm = (job: Job): Promise<Lived> => killed({ ...job, at: 0, watch: () => undefined });
  /** A scheduler starts it until it ends well. */
  const ended = async (job: Job, first: Lived, said: string): Promise<void> => {
    deaths += first.lived ? 0 : 1;
    for (let attempt = first; !attempt.lived; restarts++) {
      expect(restarts, `${said}: ${attempt.stderr}`).toBeLessThan(4 * rounds + 4);
      attempt = await calm(job);
    }
  };

  for (let round = 0; round < rounds; round++) {
    const said = `round ${round}`;
    const from = 2 * ROWS * round;
    const job = { ...place.job(from, from + ROWS), ranks: 2 };
    // Of a scheduler that takes a job for dead that is not, the second attempt is the other one.
    const isTwice = next() < 0.25;
    const other = { ...place.job(...(isTwice ? [from, from + ROWS, job.job] as const : [from + ROWS, from + 2 * ROWS] as const)), ranks: 2 };
    const [first, second] = await Promise.all([troubled(job), calm(other)]);
    await ended(job, first, said);
    await ended(other, second, said);
    known.push(...Array.from({ length: isTwice ? ROWS : 2 * ROWS }, (_, i) => from + i));
    expect(sorted(await within(targets.clean, place.ours)), `${said}${isTwice ? ", twice at once" : ""}: ${first.stderr} ${second.stderr}`).toEqual(known);
    if (round % 20 !== 19 && round !== rounds - 1) continue;
    expect(sorted(await place.theirs()), said).toEqual(known);
    await within(targets.clean, async () => place.tidy?.(known));
  }
  if (rounds < 20) return;
  expect(deaths).toBeGreaterThan(rounds / 10);
  console.log(`${name}: ${2 * rounds} commits, ${deaths} deaths, ${restarts} restarts`);
});
