import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LockstepError } from "@lockstep/runtime";

/** The npm packages that a program loads. */
function loaded(program: string): string[] {
  const hooks = `import { registerHooks } from "node:module";
    const seen = new Set();
    registerHooks({ load(url, context, next) { const m = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url); if (m) seen.add(m[1]); return next(url, context); } });
    process.on("exit", () => console.log([...seen].sort().join()));`;
  const output = execFileSync(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(hooks)}`, "--input-type=module", "-e", program], {
    encoding: "utf8",
    cwd: import.meta.dirname,
  });
  return output.trim().split(",").filter(Boolean);
}

test("importing the runtime loads no package; a table loads what it needs", () => {
  expect(loaded('import "@lockstep/runtime";')).toEqual([]);
  expect(loaded('import { table } from "@lockstep/runtime"; table({ a: [1] }).filter(d => d.a > 1).numRows();')).toEqual([]);
  expect(loaded('import { table, op } from "@lockstep/runtime"; table({ a: [1] }).rollup({ n: op.count() });')).toContain("arquero");
});

test("an uncaught error is printed with the line of the program, and nothing of ours", () => {
  const program = join(import.meta.dirname, "programs/missing-input.ts");
  const { stderr, status } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  expect(status).toBe(1);
  const [, printed = ""] = stderr.split("^\n");
  expect(printed.trim().split("\n").slice(0, 4).map((line) => line.replace(import.meta.dirname, ""))).toEqual([
    `error LS2001: ${process.cwd()}/no/such/file.csv does not exist: no "no" in ${process.cwd()}`,
    "  fix: Check the path: a folder is read recursively for files of the format. Of a database, check the names in the query.",
    "    at async file:///programs/missing-input.ts:3:11",
    "",
  ]);
});

test("an error says what, where, why and how to mend it", () => {
  const error = new LockstepError({ code: "LS2004", message: "id holds 9007199254740993\nin a.parquet", site: "src/job.ts:3:5", rank: 1, why: ["d.id is a number"] });
  expect(String(error)).toBe(
    [
      "error LS2004: id holds 9007199254740993",
      "  in a.parquet",
      "  at src/job.ts:3:5, rank 1",
      "  because d.id is a number",
      '  fix: Read the column as bigint: `types: { column: "bigint" }` in the reader and `column: bigint` in the interface.',
    ].join("\n"),
  );
  expect(LockstepError.parse(JSON.stringify(error))?.toJSON()).toEqual(error.toJSON());
  for (const text of ["no JSON", "{", '{"code":"X","message":"m"}', '{"code":"LS2004"}']) expect(LockstepError.parse(text)).toBe(undefined);
});
