import { writeReport } from "../observe/report-file.ts";

/** Where the program's default export goes. */
export interface ResultFile {
  readonly file: string;
  /** Nobody asked for it by name: of a program that has none there is no file, and no word. */
  readonly ifAny: boolean;
}

/** Writes the program's default export as JSON when it ends well: bigints as strings, Dates as ISO. */
export function writeResult(module: string, { file, ifAny }: ResultFile): void {
  process.once("beforeExit", () => {
    // Loaded already: the import only looks it up.
    void import(module).then(async (namespace: { default?: unknown }) => {
      const value: unknown = await namespace.default;
      const text = JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? String(item) : item), 2);
      if (text === undefined) {
        if (ifAny) return;
        const found = "default" in namespace ? `the program's default export is ${value === undefined ? "undefined" : `a ${typeof value}`}` : "the program has no default export";
        process.stderr.write(`lockstep: ${file} (--result) has null: ${found}\n  fix: Export what is to be written: export default await totals(path);\n`);
      }
      writeReport("--result", file, `${text ?? "null"}\n`);
    });
  });
}
