/** What a bundler's `define` is told: names, and JavaScript's text of their values. */

/** As most bundlers take it: texts are JavaScript, other values stand for themselves, objects may hold more of both. */
export function definitions(given: unknown, before = ""): Record<string, string> {
  if (typeof given !== "object" || given === null) return {};
  return Object.fromEntries(
    Object.entries(given).flatMap(([key, value]: [string, unknown]): (readonly [string, string])[] => {
      const name = before + key;
      if (typeof value === "string") return [[name, value]];
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.entries(definitions(value, `${name}.`));
      return value === undefined || typeof value === "function" ? [] : [[name, JSON.stringify(value)]];
    }),
  );
}

/**
 * Whether a text names what the bundler replaces: then it has to go through the bundler. `import.meta` is replaced under names that it takes from files
 * and from itself.
 */
export function mentionsDefined(code: string, defined: Readonly<Record<string, string>>): boolean {
  return /\bimport\.meta\b/.test(code) || Object.keys(defined).some((name) => code.includes(name));
}
