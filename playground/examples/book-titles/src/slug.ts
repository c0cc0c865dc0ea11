/** `Æsop's Fables, 2nd ed.` → `aesops-fables-2nd-ed`: normalised by Unicode's tables, which the engine does not have. */
export function slug(title: string): string {
  return title
    .normalize("NFKD")
    .replace(/[\u0300-\u036f']/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
