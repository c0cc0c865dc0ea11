/** Where the rows of a partition are written: by one rank, unless that is not wanted, or the rows are in an order that is kept. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readIceberg, readParquet } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTable } from "../../runtime/src/connectors/iceberg/table.ts";
import { shared } from "../sample.ts";
import { Lake } from "./lake.ts";
import * as jobs from "./programs/write.ts";

const lake = new Lake("write", jobs, "spread");
beforeAll(() => lake.open(), 600_000);
afterAll(() => lake.close());

interface Row {
  id: number;
  part: number;
  rest: number;
}

describe.each([0, ...shared([1, 2, 3, 7], 1)])("%i ranks", (ranks) => {
  const place = (name: string): [string, string] => [join(lake.scratch, `${ranks}`, name), join(lake.scratch, `${ranks}`, `${name}-folders`)];
  const parts = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet"));
  const ids = Array.from({ length: 7000 }, (_, id) => id);

  it.each([["a file a partition", null], ["a file a rank and partition", "none"]] as const)("%s", async (_, distribution) => {
    const [into, folders] = place(`of-${distribution}`);
    await lake.run(ranks, "spread", [into, folders, distribution]);
    const files = distribution === "none" ? 10 * Math.max(1, ranks) : 10;
    expect([(await openTable(into, {})).files.length, parts(folders).length]).toEqual([files, files]);
    expect((await readIceberg<Row>(into)).array("id").sort((a, b) => a - b)).toEqual(ids);
    const rows = (await readParquet<Row>(folders)).objects({ limit: 10_000 });
    expect(rows.map(({ id }) => id).sort((a, b) => a - b)).toEqual(ids);
    expect(rows.every(({ id, part, rest }) => id % 10 === part && id % 101 === rest)).toBe(true);
  });

  it("rows in an order stay in it", async () => {
    const [into, folders] = place("sorted");
    await lake.run(ranks, "spreadInOrder", [into, folders]);
    for (const of of parts(folders).map((name) => join(folders, name))) {
      const rows = (await readParquet<Row>(of)).objects({ limit: 10_000 });
      expect(rows.every(({ rest, id }, index) => index === 0 || rest > rows[index - 1]!.rest || (rest === rows[index - 1]!.rest && id > rows[index - 1]!.id))).toBe(true);
    }
    expect(await (await readIceberg<Row>(into)).numRows()).toBe(7000);
  });
});

it("a table may say that each rank writes its own rows", async () => {
  const folder = join(lake.scratch, "said");
  await lake.run(2, "spread", [folder, `${folder}-folders`, null]);
  const metadata = join(folder, "metadata/v1.metadata.json");
  writeFileSync(metadata, readFileSync(metadata, "utf8").replace('"properties":{', '"properties":{"write.distribution-mode":"none",'));
  await lake.run(2, "spread", [folder, `${folder}-folders2`, null]);
  expect((await openTable(folder, {})).files).toHaveLength(30);
});
