/** The menu: every example project of the repository, and the compiler's fixtures. */
import type { Files } from "../compile/protocol.ts";

export interface Example {
  /** `monthly-trips`, `verbs/joins` */
  readonly name: string;
  readonly group: string;
  /** One sentence; examples have one, fixtures are called by their names. */
  readonly about: string;
  readonly entry: string;
  /** What the program is run with. */
  readonly arguments: readonly string[];
  load(): Promise<Files>;
}

type Texts = Record<string, () => Promise<string>>;

const projects = import.meta.glob("../../examples/*/src/**/*.ts", { query: "?raw", import: "default" }) as Texts;
const packages = import.meta.glob("../../examples/*/package.json", { eager: true, import: "default" }) as Record<string, { readonly description?: string; readonly lockstep?: { readonly arguments: readonly string[] } }>;
const fixtures = import.meta.glob(["../../../test/fixtures/*/*/*.ts", "!**/run.ts"], { query: "?raw", import: "default" }) as Texts;

/** Files of a folder by their paths in it. */
function filesBelow(texts: Texts, folder: string): () => Promise<Files> {
  const paths = Object.keys(texts).filter((path) => path.startsWith(folder));
  return async () => Object.fromEntries(await Promise.all(paths.map(async (path) => [path.slice(folder.length), await texts[path]!()] as const)));
}

const foldersOf = (texts: Texts, pattern: RegExp): string[] => [...new Set(Object.keys(texts).flatMap((path) => pattern.exec(path)?.[0] ?? []))].sort();

export const examples: readonly Example[] = [
  ...foldersOf(projects, /^.*?\/examples\/[^/]+\//).map((folder) => ({
    name: folder.split("/").at(-2)!,
    group: "Examples",
    about: packages[`${folder}package.json`]?.description ?? "",
    entry: "src/job.ts",
    arguments: packages[`${folder}package.json`]?.lockstep?.arguments ?? [],
    load: filesBelow(projects, folder),
  })),
  ...foldersOf(fixtures, /^.*?\/fixtures\/[^/]+\/[^/]+\//).map((folder) => {
    const [area, name] = folder.split("/").slice(-3);
    return { name: `${area}/${name}`, group: /^(error|warning)\./.test(name!) ? "Mistakes" : `Fixtures: ${area}`, about: "", entry: "input.ts", arguments: [], load: filesBelow(fixtures, folder) };
  }),
];

export const exampleNamed = (name: string): Example | undefined => examples.find((example) => example.name === name);
