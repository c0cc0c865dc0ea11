/** README, "In your project": its commands, and its files by name. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/lib.mjs";

const section = /^## In your project\n([^]*?)^## /m.exec(readFileSync(join(root, "README.md"), "utf8"))![1]!;

/** What stands two or more blanks behind a command is a remark. */
export const commands = [...section.matchAll(/^ {4}(n\S.*?)(?: {2,}.*)?$/gm)].map((match) => match[1]!);

/** A block of code says in its first line which file it is. */
export const files: ReadonlyMap<string, string> = new Map([...section.matchAll(/^```\w+\n(\/\/ (\S+).*\n[^]*?)^```/gm)].map((match) => [match[2]!, match[1]!]));
