import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { compile } from "@lockstep/plugin-babel/compile";
import { expect, test } from "vitest";

const source = `import { op, readParquet } from "@lockstep/runtime";
interface Row { id: number; name: string }
const before = "untouched";

export async function job(path: string): Promise<number> {
  "use spmd";
  const rows = await readParquet<Row>(path);
  const many = rows
    .filter((d) => d.id > 3)
    .groupby("name")
    .rollup({ n: op.count() });
  if (many.numRows() > 1) {
    console.log("many", path);
  }
  return many.numRows();
}

export const after = () => before.length;
`;

/** Where `text` of the generated code comes from: line and column, as in the source. */
function origin(code: string, map: object, text: string) {
  const index = code.indexOf(text);
  expect(index, text).toBeGreaterThan(-1);
  const line = code.slice(0, index).split("\n").length;
  const column = index - (code.lastIndexOf("\n", index - 1) + 1);
  const { source: file, line: l, column: c } = originalPositionFor(new TraceMap(map as never), { line, column });
  return { file, at: `${l}:${c}` };
}

const placeOf = (text: string) => {
  const index = source.indexOf(text);
  return `${source.slice(0, index).split("\n").length}:${index - (source.lastIndexOf("\n", index - 1) + 1)}`;
};

const { code, map, rankModule } = compile(source, { id: "/p/src/job.ts", root: "/p" });

test.each(["before = ", "after", "before.length", "Promise<number>", "interface"])("the user's module maps %s", (text) => {
  expect(origin(code, map!, text)).toEqual({ file: "src/job.ts", at: placeOf(text) });
});

test("the call in the stub maps to the function's body", () => {
  expect(origin(code, map!, "{ return $call").at).toBe(placeOf(`{\n  "use spmd"`));
});

test.each(["rows = await", "many = rows", "groupby(", "rollup(", 'log("many"', "return"])("the rank module maps %s", (text) => {
  expect(origin(rankModule!.code.replaceAll(/^ *\/\/.*$/gm, (line) => " ".repeat(line.length)), rankModule!.map, text)).toEqual({ file: "src/job.ts", at: placeOf(text) });
});

test("sources are embedded", () => {
  expect(rankModule!.map.sourcesContent).toEqual([source]);
  expect(map!.sourcesContent).toEqual([source]);
});
