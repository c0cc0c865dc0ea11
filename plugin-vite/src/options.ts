/** Options of the plugin. */
export interface LockstepOptions {
  /** The folder that ids in manifests and messages are relative to; the bundler's root by default. */
  root?: string;
  /** What brings all rows of a distributed table to every rank without a limit (a loop, array(), objects()) is an error. */
  strict?: boolean;
  /** "external": the addon is found in node_modules where the job runs. "copy": it is put beside the bundle. */
  native?: "external" | "copy";
  /** Print one line per build. */
  report?: boolean;
}

/** Options with defaults, and what the bundler's configuration says. */
export interface Settings {
  root: string;
  /** The option names the root: the bundler's does not replace it. */
  readonly rootGiven: boolean;
  readonly strict: boolean;
  readonly native: "external" | "copy";
  readonly report: boolean;
  /** False for bundles that run in a browser: annotated functions are refused, and all else stays as it is. */
  active: boolean;
  /** A development server runs modules one by one: no chunks, no manifest, errors at once. */
  serve: boolean;
  /** What the bundler puts in the place of names: names, and JavaScript's text of values. */
  defined: Readonly<Record<string, string>>;
  /** Where the line of a build goes. */
  log: (line: string) => void;
}

export function settingsOf(options: LockstepOptions): Settings {
  return {
    root: options.root ?? process.cwd(),
    rootGiven: options.root !== undefined,
    strict: options.strict ?? false,
    native: options.native ?? "external",
    report: options.report ?? true,
    active: true,
    serve: false,
    defined: {},
    log: (line) => void process.stderr.write(`${line}\n`),
  };
}
