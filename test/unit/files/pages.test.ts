/** Pages and row groups that filters cannot match, of a file that pyarrow has written with a page index and Bloom filters: ranks read fewer rows and give plain Node's answer. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockstep } from "../../jobs/job-process.ts";
import { buildPrograms, type Program } from "../../oracle/build-programs.ts";
import { difference } from "../../oracle/compare.ts";
import { RankPool } from "../../oracle/rank-pool.ts";
import { pythonWith } from "../../python.ts";
import { root } from "../../scripts/lib.mjs";
import * as jobs from "./pages.ts";

const scratch = mkdtempSync(join(root, ".lockstep-pages-"));
const file = join(scratch, "rows.parquet");
const ROWS = 60_000;
let programs: Map<string, Program>;

/** Pages of 500 rows in row groups of 20,000; `code` is odd in no row, and only `code` and `name` have Bloom filters. */
const written = `
import sys, pyarrow, pyarrow.parquet
rows = range(${ROWS})
code = [row * 7919 % 60_013 * 2 for row in rows]
table = pyarrow.table({
    "id": pyarrow.array(rows, pyarrow.int64()),
    "day": pyarrow.array([row * 1000 for row in rows], pyarrow.timestamp("us", "UTC")),
    "code": pyarrow.array(code, pyarrow.int32()),
    "name": pyarrow.array([None if row % 11 == 3 else f"name {code[row]}" for row in rows]),
    "value": pyarrow.array([None if row // 3000 % 3 == 1 else (float("nan") if row % 50 == 0 else row / 4) for row in rows], pyarrow.float64()),
})
pyarrow.parquet.write_table(table, sys.argv[1], row_group_size=20_000, max_rows_per_page=500, write_page_index=True, use_dictionary=False,
    bloom_filter_options={"code": {"ndv": 20_000, "fpp": 0.001}, "name": {"ndv": 20_000, "fpp": 0.001}})
`;

beforeAll(async () => {
  execFileSync(join(await pythonWith("pyiceberg"), "python"), ["-c", written, file]);
  programs = new Map((await buildPrograms([join(root, "test/unit/files/pages.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Of each program, the most rows that a scan may give. */
const most: Record<keyof typeof jobs, number> = { between: 1500, either: 1500, later: 2000, large: 1500, absent: 25_000, coded: 20_000, odd: 0, named: 20_000, ofMany: 20_000 };

describe.each([1, 3])("%i ranks", (ranks) => {
  const pool = new RankPool(ranks, {});
  afterAll(() => pool.close());

  it.each(Object.keys(most) as (keyof typeof jobs)[])("%s: the answer of plain Node", async (name) => {
    const { chunk, id } = programs.get(name)!;
    expect(difference({ value: await jobs[name](file) }, await pool.run({ chunk, id, args: [file] }))).toBeNull();
  });
});

it("fewer rows are read, and profiles say so", async () => {
  const [main, profile] = [join(scratch, "built/main.mjs"), join(scratch, "profile.json")];
  const names = Object.keys(most) as (keyof typeof jobs)[];
  writeFileSync(main, names.flatMap((name) => [`import { ${name} } from ${JSON.stringify(programs.get(name)!.module)};`, `await ${name}(${JSON.stringify(file)});`]).join("\n"));
  expect(await lockstep(["run", "-n", "2", "--profile", profile, main]).ended).toMatchObject({ code: 0 });
  const { executions } = JSON.parse(readFileSync(profile, "utf8")) as { executions: { operators: { name: string; ranks: { rows: number; rowsPruned: number }[] }[] }[] };
  const scans = executions.flatMap(({ operators }) => operators.filter(({ name }) => name === "ScanExec"));
  expect(scans).toHaveLength(names.length);
  for (const [n, name] of names.entries()) {
    const sum = (count: "rows" | "rowsPruned"): number => scans[n]!.ranks.reduce((all, of) => all + of[count], 0);
    expect(sum("rows"), name).toBeLessThanOrEqual(most[name]);
    // The rest is in row groups that are left out by their own bounds.
    expect([ROWS, 40_000, 20_000].map((rows) => rows - sum("rows")), name).toContain(sum("rowsPruned"));
  }
});
