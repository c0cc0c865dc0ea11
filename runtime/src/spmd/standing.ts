/** Values that structured clone does not carry, but whose few parts do: URLs, and what Node says of files. */
import { Dirent, statfsSync, statSync } from "node:fs";

/** What another rank makes the value of. */
export type Standing = { readonly url: string } | { readonly of: Described; readonly fields: readonly unknown[] };

/** Classes without a constructor to call: an instance of this process tells the names of the fields, symbols included. */
const instances = {
  Stats: () => statSync("/"),
  BigIntStats: () => statSync("/", { bigint: true }),
  StatFs: () => statfsSync("/"),
  Dirent: () => new (Dirent as unknown as new (name: string, parent: string, type: number) => Dirent)("", "", 0),
} as const;
type Described = keyof typeof instances;

/** Undefined: the value is none of these. */
export function standingFor(value: object): Standing | undefined {
  if (value instanceof URL) return { url: value.href };
  const of = value.constructor?.name as Described;
  if (!Object.hasOwn(instances, of) || Object.getPrototypeOf(value) !== Object.getPrototypeOf(instances[of]())) return undefined;
  return { of, fields: Reflect.ownKeys(instances[of]()).map((key) => Reflect.get(value, key) as unknown) };
}

export function restore(standing: Standing): object {
  if ("url" in standing) return new URL(standing.url);
  const instance = instances[standing.of]();
  Reflect.ownKeys(instance).forEach((key, index) => Reflect.set(instance, key, standing.fields[index]));
  return instance;
}
