import { Command, InvalidArgumentError } from "commander";
import { parseBytes } from "../launch/resources.ts";

/** Argument parsers that say what was expected. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It is a whole number from 1.");
  return value;
}

export function memorySize(text: string): number {
  const value = parseBytes(text);
  if (value === undefined || value < 1) throw new InvalidArgumentError("It is a size like 512MB or 2GiB.");
  return value;
}

/** `7d`, `12h`, `30m`: milliseconds. */
export function age(text: string): number {
  const [, count, unit] = /^(\d+)([dhm])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError("It is an age like 7d, 12h or 30m.");
  return Number(count) * { d: 86_400_000, h: 3_600_000, m: 60_000 }[unit as "d" | "h" | "m"];
}

/** `1,2,4` */
export function rankCounts(text: string): number[] {
  return text.split(",").map(wholeNumber);
}

/** Rows; null: all. */
export function sampleSize(text: string): number | null {
  const value = text === "all" ? null : Number(text);
  if (value !== null && (!Number.isInteger(value) || value < 1)) throw new InvalidArgumentError("It is a number of rows such as 1e6, or all.");
  return value;
}

export function price(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError("It is what an hour of a core costs, e.g. 0.045.");
  return value;
}

/** Bytes a second. */
export function bandwidth(text: string): number {
  const value = parseBytes(text.replace(/\/s$/, ""));
  if (value === undefined || value < 1) throw new InvalidArgumentError("It is bytes a second like 125MB or 1.25GB.");
  return value;
}

/** `20us`, `1.5ms`: seconds. */
export function duration(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(us|µs|ms|s)$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError("It is a time like 20us, 1.5ms or 2s.");
  return Number(count) * { us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1 }[unit as "us" | "µs" | "ms" | "s"];
}

/** The program's arguments: a `--` that only separates them from ours is not one. */
export function programArguments(args: readonly string[]): string[] {
  return args[0] === "--" ? args.slice(1) : [...args];
}

/**
 * A command that runs a program, before or behind whose file its options stand: `lockstep run dist/job.mjs -n 4 -- arguments`. What follows `--` is the
 * program's, whatever it looks like; words without a dash are its in any case. An option of nobody's is an error: before `--` it can only be misspelt, or misplaced.
 */
export function programCommand(name: string): Command {
  return new Command(name)
    .usage("[options] <bundle> [options] [-- arguments...]")
    .argument("<bundle>", "the built program, e.g. dist/job.mjs")
    .argument("[arguments...]", "what the program finds in process.argv; behind a -- also what begins with a dash")
    .configureOutput({
      outputError(text, write) {
        const [, option] = /unknown option '(.+?)'/.exec(text) ?? [];
        write(option === undefined ? text : `${text}  fix: Options of the program stand behind a --: lockstep ${name} dist/job.mjs -- ${option}\n`);
      },
    });
}
