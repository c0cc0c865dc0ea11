/** What a bundler's `define` is told: names, and JavaScript's text of their values; "" where there is none, as of functions. */

/** As most bundlers take it: texts are JavaScript, other values stand for themselves, objects may hold more of both, and can be named themselves. */
export function definitions(given: unknown, before = ""): Record<string, string> {
  if (typeof given !== "object" || given === null) return {};
  return Object.fromEntries(
    Object.entries(given).flatMap(([key, value]: [string, unknown]): (readonly [string, string])[] => {
      const name = before + key;
      return [[name, codeOf(value)], ...(isPlainObject(value) ? Object.entries(definitions(value, `${name}.`)) : [])];
    }),
  );
}

/** By the name of its class: a configuration may be evaluated in another realm. */
const isPlainObject = (value: unknown): boolean => typeof value === "object" && value !== null && [undefined, "Object"].includes((value as { constructor?: { name?: string } }).constructor?.name);

function codeOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map((each) => codeOf(each) || "null").join(",")}]`;
  return typeof value === "object" && value !== null ? "" : (JSON.stringify(value) ?? "");
}

/**
 * Whether a text names what the bundler replaces: then it has to go through the bundler. `import.meta` is replaced under names that it takes from files
 * and from itself. The last part of a name decides: `process.env["X"]`.
 */
export function mentionsDefined(code: string, defined: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(defined).filter((name) => !name.startsWith("import.meta")).map((name) => name.slice(name.lastIndexOf(".") + 1));
  return /\bimport\.meta\b/.test(code) || names.some((name) => code.includes(name) && new RegExp(`(?<![\\w$])${name.replace(/[^\w]/g, "\\$&")}(?![\\w$])`).test(code));
}
