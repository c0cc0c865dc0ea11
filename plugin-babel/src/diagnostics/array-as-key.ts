import type { RowArgument } from "../ir/ir.ts";
import { printType } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const arrayAsKey = defineDiagnostic(
  {
    code: "LS1119",
    title: "An array as a key",
    kind: "user-error",
    docs: "Arrays are neither equal nor ordered in JavaScript, so a column of them is no key of groupby, orderby, a join, dedupe or pivot, and rows with one are not compared as a whole. Take a value of it, or unroll the column.",
    example: {
      wrong: `const posts = await readParquet<{ id: number; tags: string[] }>("posts");
await posts.groupby("tags").count().writeParquet(out);`,
      right: `const posts = await readParquet<{ id: number; tags: string[] }>("posts");
await posts.groupby({ topic: (d) => d.tags[0] }).count().writeParquet(out);`,
    },
  },
  (verb: string, { name, span, expression }: RowArgument) => {
    const type = printType(expression!.type);
    const column = expression?.kind === "column" ? expression.name : name;
    return {
      message: `${verb} compares ${column === null ? "a key" : `'${column}'`} of type ${type}; arrays are neither equal nor ordered`,
      locations: [at(span, type)],
      fix: { message: `take a value of it, such as ${column === null ? "its first element" : `(d) => d.${column}[0]`} or its join(","), unroll it before, or leave it out with select()`, edits: [] },
    };
  },
);
