import { writeReport } from "../observe/report-file.ts";

/** Writes the program's default export as JSON when it ends well: bigints as strings, Dates as ISO. */
export function writeResult(module: string, file: string): void {
  process.once("beforeExit", () => {
    // Loaded already: the import only looks it up.
    void import(module).then(async (namespace: { default?: unknown }) => {
      const value: unknown = await namespace.default;
      const text = JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? String(item) : item), 2);
      writeReport("--result", file, `${text ?? "null"}\n`);
    });
  });
}
