/** What `lockstep schema pull` writes is TypeScript, whatever a file says of itself. */
import { parse } from "@babel/parser";
import { expect, it } from "vitest";
import { printSnapshot, readSnapshot } from "../../../runtime/src/connectors/snapshot.ts";

const body = (text: string): string[] => parse(text, { sourceType: "module", plugins: ["typescript"] }).program.body.map(({ type }) => type);

it.each(["UTC\n}\nconsole.log('run');\nexport interface Z { //", "UTC\r\nimport 'x'", "UTC\u2028evil()", "*/ evil()"])("a time zone is text: %j", (zone) => {
  const text = printSnapshot("Trips", "data", { reader: "readParquet", path: "data" }, [
    { name: "at", type: { id: "timestamp", unit: "ms", zone }, nullable: false },
    { name: `a"\n*/evil()`, type: { id: "int", bits: 32, signed: true }, nullable: true },
  ]);
  expect(body(text)).toEqual(["ExportNamedDeclaration", "TSModuleDeclaration"]);
  expect([...readSnapshot(text)!.columns.keys()]).toEqual(["at", `a"\n*/evil()`]);
});

it("a pattern does not end the comment that names it", () => {
  expect(body(printSnapshot("Trips", "data/*/trips.parquet", { reader: "readParquet", path: "data/*/trips.parquet" }, []))).toEqual(["ExportNamedDeclaration", "TSModuleDeclaration"]);
});
