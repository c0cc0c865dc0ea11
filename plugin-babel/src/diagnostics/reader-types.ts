import { type Column, printType, type SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";
import type { TextEdit } from "./diagnostic.ts";

export const readerTypes = defineDiagnostic(
  {
    code: "LS1111",
    title: "Interface and types option disagree",
    kind: "user-error",
    docs: "The interface is erased when the program runs under plain Node; what departs from the default view of a column is said in the reader's types option: int64 as bigint, a CSV column of digits as string, a JSON Lines column of ISO texts as date. The two must agree, so that both executions see the same values.",
    example: {
      wrong: `const rows = await readParquet<{ id: bigint }>("rows");
await rows.writeParquet(out);`,
      right: `const rows = await readParquet<{ id: bigint }>("rows", { types: { id: "bigint" } });
await rows.writeParquet(out);`,
    },
  },
  /** `said`: what the option says of the one column; null where it says nothing of any of them. */
  (columns: readonly Column[], said: string | null, span: SourceSpan, edit: TextEdit | null) => {
    const option = columns.map(({ name, type }) => `${keyText(name)}: "${type.js}"`).join(", ");
    const kinds = [...new Set(columns.map(({ type }) => type.js))].map((js) => columns.filter(({ type }) => type.js === js));
    const named = (of: readonly Column[]): string => of.map(({ name }) => `'${name}'`).join(", ");
    const names = named(columns);
    const interfaceSays = `The interface says ${kinds.map((of) => `${named(of)} ${of.length > 1 ? "are" : "is"} ${printType(of[0]!.type)}`).join(" and ")}`;
    const readAs = kinds.map(([{ type } = columns[0]!]) => (type.js === "date" ? "string" : "number")).join(" and ");
    return {
      message: said === null ? `${interfaceSays}, but without a types option ${columns.length > 1 ? "they are" : "it is"} read as ${readAs}` : `${interfaceSays}, the types option says ${said}`,
      locations: [at(span, said === null ? `no types option for ${names}` : "does not agree with the interface")],
      why: ["interfaces are erased when the program runs without the plugin: only the option is there to say it"],
      fix: { message: `write { types: { ${option} } }`, edits: edit ? [edit] : [] },
    };
  },
);

/** A property name as it is written. */
export const keyText = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
