import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformAsync } from "@babel/core";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import lockstep from "@lockstep/plugin-babel";
import { afterAll, describe, expect, test, vi } from "vitest";
import { outputOf } from "../../../plugin-babel/src/adapter/output.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-babel-"));
const filename = join(folder, "job.ts");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const source = `import { readParquet } from "@lockstep/runtime";
import { least } from "./least.ts";
export async function f(path: string): Promise<number> {
  "use spmd";
  return (await readParquet<{ id: number }>(path)).filter((d) => d.id > least).numRows();
}
export const after = () => "kept";
`;
writeFileSync(filename, source);
writeFileSync(join(folder, "least.ts"), "export const least = 3;\n");

const transform = (code: string, options: object) =>
  transformAsync(code, { filename, cwd: folder, configFile: false, babelrc: false, sourceMaps: true, presets: [fileURLToPath(import.meta.resolve("@babel/preset-typescript"))], plugins: [[lockstep, options]] });

describe("the Babel plugin", () => {
  test("puts in the stub and writes the rank module and the manifest beside the output", async () => {
    const result = await transform(source, { outFile: "out/job.mjs" });
    expect(result!.code).toContain(`return $call($f, [path]);`);
    expect(result!.code).toContain(`from "./job.spmd.mjs"`);
    expect(result!.code).not.toMatch(/use spmd|: string|\.filter/);
    const rank = readFileSync(join(folder, "out/job.spmd.mjs"), "utf8");
    expect(rank).toContain("value: 3");
    expect(rank).toMatch(/\n\/\/# sourceMappingURL=job\.spmd\.mjs\.map\n$/);
    const manifest = JSON.parse(readFileSync(join(folder, "out/lockstep.manifest.json"), "utf8")) as { chunks: Record<string, unknown>; functions: { id: string }[] };
    expect(manifest.chunks).toMatchObject({ "job.spmd.mjs": { functions: ["job.ts#f"], programs: ["job.mjs"] } });
    expect(manifest.functions.map((f) => f.id)).toEqual(["job.ts#f"]);
  });

  test("the source map still lands in the source", async () => {
    const { code, map } = (await transform(source, { outFile: "out/job.mjs" }))!;
    const line = code!.split("\n").findIndex((l) => l.includes(`"kept"`)) + 1;
    const column = code!.split("\n")[line - 1]!.indexOf(`"kept"`);
    expect(originalPositionFor(new TraceMap(map as never), { line, column })).toMatchObject({ line: 7, column: 27 });
  });

  test("mistakes are thrown all at once", async () => {
    const wrong = source.replace("d.id > least", "d.idd > 1 && d.nam").replace("readParquet<", "readParquet<");
    await expect(transform(wrong, { outFile: "out/job.mjs" })).rejects.toThrow(/LS1101[\s\S]*'idd'[\s\S]*did you mean 'id'[\s\S]*LS1101[\s\S]*'nam'/);
  });

  test("LOCKSTEP_DEBUG=ir prints the program after every pass", async () => {
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    vi.stubEnv("LOCKSTEP_DEBUG", "ir");
    try {
      await transform(source, { outFile: "out/job.mjs" });
      expect(written.mock.calls.join("")).toMatch(/── .*job\.ts: push-filters\nfunction job\.ts#f\n/);
    } finally {
      vi.unstubAllEnvs();
      written.mockRestore();
    }
  });

  test("without a place for the rank module it says so", async () => {
    await expect(transform(source, {})).rejects.toThrow(/outDir or outFile/);
  });
});

describe("where the output goes", () => {
  const cli = (...args: string[]) => outputOf("/p/src/deep/job.ts", {}, "/p", ["node", "babel", ...args]);
  test.each([
    [["src", "--out-dir", "dist"], "/p/dist/deep/job.js"],
    [["src", "-d", "dist", "--out-file-extension", ".mjs"], "/p/dist/deep/job.mjs"],
    [["src/deep/job.ts", "--out-dir=dist"], "/p/dist/job.js"],
    [["src/deep/job.ts", "-o", "dist/x.js"], "/p/dist/x.js"],
    [["src"], null],
  ])("%j", (args, expected) => expect(cli(...args)).toBe(expected));
});
