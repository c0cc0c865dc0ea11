import type { Diagnostic } from "./diagnostic.ts";

/** What, where, why, how, and the page: as text for a terminal. */
export function formatDiagnostic(d: Diagnostic, frame: string): string {
  const [place] = d.locations;
  const lines = [`${d.code}: ${d.message}`];
  if (place) lines.push(`  at ${place.file}:${place.line}:${place.column + 1}`);
  if (frame !== "") lines.push(frame);
  for (const other of d.locations.slice(1)) lines.push(`  ${other.file}:${other.line}:${other.column + 1}: ${other.label}`);
  for (const why of d.why) lines.push(`  because ${why}`);
  lines.push(`  fix: ${d.fix.message}`, `  page: ${pageOf(d.code)}`);
  return lines.join("\n");
}

/** Where the package has the page of a code. */
export const pageOf = (code: string): string => `node_modules/@lockstep/plugin-babel/docs/diagnostics/${code}.md`;
