import type { Diagnostic } from "./compiler.ts";

/** A diagnostic as a terminal shows it: what, where, why and how to mend it. */
export function format({ code, message, locations: [primary], why, fix, frame }: Diagnostic): string {
  return [
    `${code}: ${message}`,
    ...(primary ? [`  at ${primary.file}:${primary.line}:${primary.column + 1}`] : []),
    ...(frame === "" ? [] : [frame]),
    ...why.map((reason) => `  because ${reason}`),
    ...(fix ? [`  fix: ${fix.message}`] : []),
  ].join("\n");
}
