import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const syntaxError = defineDiagnostic(
  { code: "LS1005", title: "A syntax error", kind: "user-error", docs: "The file is no JavaScript or TypeScript that Babel's parser reads." },
  (message: string, span: SourceSpan) => ({ message, locations: [at(span, "here")] }),
);
