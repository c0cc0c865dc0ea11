/** The program's classes, by what all ranks call them: an error of one is of the same class on the rank that it travels to. */
type Class = abstract new (...args: never[]) => unknown;
export type Classes = Readonly<Record<string, Class>>;

const classes = new Map<string, Class>();
const keys = new WeakMap<object, string>();

export function nameClass(key: string, type: Class): void {
  classes.set(key, type);
  keys.set(type, key);
}

export const classNamed = (key: string | undefined): Class | undefined => (key === undefined ? undefined : classes.get(key));

/** Of the nearest class that has one. */
export function classKey(error: Error): string | undefined {
  for (let prototype: object | null = Object.getPrototypeOf(error); prototype; prototype = Object.getPrototypeOf(prototype) as object | null) {
    const key = keys.get(prototype.constructor);
    if (key !== undefined) return key;
  }
  return undefined;
}
