import type { Diagnostic } from "./diagnostic.ts";

/** What, where, why, how: as text for a terminal. */
export function formatDiagnostic(d: Diagnostic & { readonly frame: string }): string {
  const [place] = d.locations;
  const lines = [`${d.code} ${d.message}`];
  if (place) lines.push(`  at ${place.file}:${place.line}:${place.column + 1}`);
  if (d.frame) lines.push(d.frame);
  for (const other of d.locations.slice(1)) lines.push(`  ${other.file}:${other.line}:${other.column + 1}: ${other.label}`);
  for (const why of d.why) lines.push(`  because ${why}`);
  if (d.fix) lines.push(`  fix: ${d.fix.message}`);
  return lines.join("\n");
}
