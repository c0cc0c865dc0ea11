/** The plugin's options as the panel shows them. A test compares the list with what the plugins accept. */

export interface Options {
  readonly root: string;
  readonly strict: boolean;
  readonly check: boolean;
  readonly native: "external" | "copy";
  readonly report: boolean;
}

export const defaultOptions: Options = { root: "", strict: false, check: false, native: "external", report: true };

interface OptionRecord {
  readonly name: keyof Options;
  /** Whose option it is. */
  readonly of: "plugin" | "compile()";
  readonly about: string;
  /** Where the choice is seen. */
  readonly acts: string;
  readonly values?: readonly string[];
}

export const optionRecords: readonly OptionRecord[] = [
  { name: "root", of: "plugin", about: "The folder that file names in messages, maps and the manifest are relative to.", acts: "all views" },
  { name: "strict", of: "plugin", about: "What gathers a distributed table without saying so is an error.", acts: "all views" },
  { name: "native", of: "plugin", about: "Where the engine's addon is found: in node_modules, or copied beside the bundle.", acts: "download, run", values: ["external", "copy"] },
  { name: "report", of: "plugin", about: "One line a build on the terminal.", acts: "download, run" },
  { name: "check", of: "compile()", about: "Checks the IR against its specification after every pass.", acts: "all views" },
];

/** What differs from the defaults, as a configuration file would say it. */
export function changedOptions(options: Options): Partial<Options> {
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => value !== defaultOptions[name as keyof Options]));
}
