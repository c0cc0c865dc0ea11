import { dirname, join, relative } from "node:path";

/** Stands in the output for the way to a rank chunk, which depends on where the bundler puts the importing file. */
export const placeholder = "lockstep-rank:";

/** Placeholders as relative paths from the file at `path`. */
export function withPaths(text: string, path: string, folder: string): string {
  return text.replace(new RegExp(`(["'])${placeholder}([^"']+)\\1`, "g"), (_, quote: string, file: string) => quote + wayTo(join(folder, file), path) + quote);
}

/** What the file at `path` imports `file` by. */
export function wayTo(file: string, path: string): string {
  const way = relative(dirname(path), file).replaceAll("\\", "/");
  return way.startsWith(".") ? way : `./${way}`;
}
