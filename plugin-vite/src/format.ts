import type { Diagnostic } from "./compiler.ts";

/** A diagnostic as a terminal shows it: what, where, why and how to mend it. */
export function format({ code, message, locations, why = [], fix, frame }: Diagnostic): string {
  const [primary] = locations;
  return [
    `${code}: ${message}`,
    ...(frame ? [frame] : primary ? [`  at ${primary.file}:${primary.line}:${primary.column}`] : []),
    ...why.map((reason) => `  because ${reason}`),
    ...(fix ? [`  fix: ${fix.message}`] : []),
  ].join("\n");
}
