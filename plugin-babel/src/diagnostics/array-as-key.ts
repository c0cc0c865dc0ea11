import type { RowArgument } from "../ir/ir.ts";
import { isList, isObject, type JsType, membersOf, printType } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

const ofArray = (column: string | null): string =>
  `take a value of it, such as ${column === null ? "its first element" : `(d) => d.${column}[0]`} or its join(","), unroll it before, or leave it out with select()`;

function ofObject(column: string | null, js: JsType): string {
  const [member] = isObject(js) ? membersOf(js) : [];
  return `take members of it, such as ${column === null || !member ? "one" : `{ ${member.name}: (d) => d.${column}.${member.name} }`}, or leave it out with select()`;
}

export const arrayAsKey = defineDiagnostic(
  {
    code: "LS1119",
    title: "An array or an object as a key",
    kind: "user-error",
    docs: "Arrays and objects are neither equal nor ordered in JavaScript, so a column of them is no key of groupby, orderby, a join, dedupe or pivot, and rows with one are not compared as a whole. Take a value of it, or unroll the column of arrays.",
    example: {
      wrong: `const posts = await readParquet<{ id: number; tags: string[] }>("posts");
await posts.groupby("tags").count().writeParquet(out);`,
      right: `const posts = await readParquet<{ id: number; tags: string[] }>("posts");
await posts.groupby({ topic: (d) => d.tags[0] }).count().writeParquet(out);`,
    },
  },
  (verb: string, { name, span, expression }: RowArgument) => {
    const type = printType(expression!.type);
    const { js } = expression!.type;
    const column = expression?.kind === "column" ? expression.name : name;
    return {
      message: `${verb} compares ${column === null ? "a key" : `'${column}'`} of type ${type}; ${isList(js) ? "arrays" : "objects"} are neither equal nor ordered`,
      locations: [at(span, type)],
      fix: { message: isList(js) ? ofArray(column) : ofObject(column, js), edits: [] },
    };
  },
);
