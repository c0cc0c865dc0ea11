import type { RowType, SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";
import { closest } from "./closest.ts";
import { keyText } from "./reader-types.ts";

/** Where a column is named that needs other words. */
interface Place {
  /** In an order: behind this key. */
  readonly sorted?: { readonly before: string | null };
  /** In a reader's option `types`, which is compared with what is declared: "the interface Trip". */
  readonly declared?: string;
}

/** A column named by a string that its table does not have. (Row lambdas have their own: same page, same code.) */
export const misspeltColumn = defineDiagnostic(
  {
    code: "LS1101",
    title: "No such column",
    kind: "user-error",
    docs: "The table has no column of this name at this place. Columns come from the interface given to the reader; select, rename, rollup and the joins change them, and the message says which verb dropped one that was there before.",
    example: {
      wrong: "await trips.filter((d) => d.fair > 10).writeParquet(out);",
      right: "await trips.filter((d) => d.fare > 10).writeParquet(out);",
    },
  },
  (name: string, span: SourceSpan, row: RowType, origin: readonly string[] = [], { sorted, declared }: Place = {}) => {
    const known = row.map((c) => c.name);
    // Other libraries write the direction into the name.
    const [, direction, rest] = /^([+-])(.+)$/.exec(sorted ? name : "") ?? [];
    const isDirection = sorted !== undefined && /^(asc|desc)(ending)?$/i.test(name);
    const near = isDirection ? null : known.includes(`${name}_1`) ? `${name}_1` : rest === undefined ? closest(name, known) : known.includes(rest) ? rest : closest(rest, known);
    const text = direction === "-" ? `desc(${JSON.stringify(near)})` : JSON.stringify(near);
    const shown = rest === undefined ? `'${near}'` : text;
    const meant = near === null ? "" : `; did you mean ${shown}?`;
    if (declared !== undefined) {
      return {
        message: `${declared.replace(/^./, (letter) => letter.toUpperCase())} has no column '${name}'${meant}`,
        locations: [at(span, "not a column of it")],
        why: [`its columns are ${known.join(", ")}`],
        fix: near === null ? { message: `write one of its columns, or add '${name}' to ${declared}`, edits: [] } : { message: `write ${shown}`, edits: [{ ...span, text: keyText(near) }] },
      };
    }
    return {
      message: `The table has no column '${name}'${meant}`,
      locations: [at(span, "not a column of this table")],
      why: [
        ...origin,
        ...(rest === undefined && !isDirection ? [] : ['a direction stands outside the name: desc("x"), imported from "@lockstep/runtime", sorts from the largest']),
        `its columns are ${known.join(", ")}`,
      ],
      fix: near === null ? { message: isDirection ? `write desc(${JSON.stringify(sorted.before ?? known[0] ?? "x")})` : name === "*" ? "leave it out: a table has all its columns" : "write one of its columns, or add it where the columns are made", edits: [] } : { message: `write ${shown}`, edits: [{ ...span, text }] },
    };
  },
);
