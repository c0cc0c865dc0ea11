import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const noInterface = defineDiagnostic(
  {
    code: "LS1106",
    title: "A reader without interface",
    kind: "user-error",
    docs: "The columns of a file are known at build time from the interface given to the reader. Without it nothing can be checked or pruned. `npx lockstep schema pull trips` writes it from the files: `trips.schema.ts`, which exports `Trips`. Where that file is imported, `readParquet(\"trips\")` is known by its path alone.",
    example: {
      wrong: `const rows = await readParquet("trips");
return rows.filter((d) => d.fare > 10).numRows();`,
      right: `const rows = await readParquet<Trip>("trips");
return rows.filter((d) => d.fare > 10).numRows();`,
    },
  },
  (reader: string, span: SourceSpan) => ({
    message: `The columns of this table are not known: ${reader} was given no interface that names them`,
    locations: [at(span, "needs the columns")],
    fix: { message: `declare an interface and write ${reader}<Row>${reader === "Table" ? "" : "(…)"}; npx lockstep schema pull <path> writes one from the files${reader === "Table" ? "" : ", and where its file is imported the path says it"}`, edits: [] },
  }),
);
