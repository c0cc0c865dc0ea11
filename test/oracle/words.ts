/** As a small package would have it: a regular expression at the top, a loop inside. */
const separators = /[\s_-]+/;

export function camelCase(text: string): string {
  let result = "";
  for (const word of text.trim().split(separators)) {
    result += result === "" ? word.toLowerCase() : word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
  }
  return result;
}

class Unreadable extends TypeError {
  override readonly name = "Unreadable";
  readonly code = "E_UNREADABLE";
}

export function readable(id: number): string {
  if (id === 7) throw new Unreadable("number seven");
  return `${id}`.normalize("NFD");
}

/** Throws, for most ids, what is no error of JavaScript's own classes. */
export function refuse(id: number): string {
  switch (id) {
    case 0: throw "text";
    case 1: throw null;
    case 2: throw { code: 7, tags: ["a"], at: new Date(5) };
    case 3: throw new Error("outer", { cause: new RangeError("inner", { cause: { n: 1n } }) });
    case 4: throw new AggregateError([new TypeError("one"), "two", new Unreadable("three")], "several");
    case 5: throw Object.assign(new Error("with fields"), { list: [1, NaN], deep: { a: null }, inner: new Error("field") });
    case 6: throw undefined;
    default: return `${id}`.normalize("NFD");
  }
}

/** All of it that a program can look at. */
export function looked(thrown: unknown): unknown {
  if (Array.isArray(thrown)) return thrown.map(looked);
  if (!(thrown instanceof Error)) return thrown === undefined ? "undefined" : thrown;
  const { cause, errors } = thrown as AggregateError;
  const fields = Object.entries(thrown).map(([key, value]) => [key, looked(value)]);
  return [thrown instanceof AggregateError, thrown.name, thrown.message, "cause" in thrown, looked(cause), looked(errors), fields];
}
