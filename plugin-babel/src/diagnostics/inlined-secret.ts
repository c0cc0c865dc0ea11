import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const inlinedSecret = defineDiagnostic(
  {
    code: "LS1223",
    title: "A secret in what is built",
    kind: "user-error",
    docs: "What is written out in an annotated function, and what the bundler's `define` (or Vite's `import.meta.env`) puts in the place of a name in its module or in one that it takes functions and values from, stands in the built files, which are copied, cached and shown. A password, a key or a token comes from the environment of the run: by the variables that the readers and writers look at, or by `process.env` in code of yours, under a name that nothing is defined for.",
    example: {
      wrong: 'const all = await readParquet<Trip>("s3://me:word@lake/trips");\nawait all.writeParquet(out);',
      right: 'const all = await readParquet<Trip>("s3://lake/trips");\nawait all.writeParquet(out);',
    },
  },
  ({ message, why, fix, isWritten }: { readonly message: string; readonly why?: string; readonly fix: string; readonly isWritten?: true }, span: SourceSpan) => ({
    message,
    locations: [{ ...at(span, "would stand in the built files"), ...(isWritten && { secret: true }) }],
    why: why === undefined ? [] : [why],
    fix: { message: fix, edits: [] },
  }),
);
