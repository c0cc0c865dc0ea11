/** JSON in which secrets may stand: the parser's own errors quote the text, and are let out nowhere. */

/** The object that a text is; undefined where it is none. */
export function secretJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === "object" && said !== null && !Array.isArray(said) ? (said as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
