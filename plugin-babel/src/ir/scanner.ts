/** Reads the tokens of printed IR. A token that is not there is a mistake in the text: an error with the rest of the line. */
export class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    this.#skip();
    return this.#at >= this.#text.length;
  }

  /** The match of `pattern` here (its first group, if it has one), or null. */
  accept(pattern: RegExp): string | null {
    this.#skip();
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#text);
    if (!match) return null;
    this.#at = sticky.lastIndex;
    return match[1] ?? match[0];
  }

  expect(pattern: RegExp): string {
    const found = this.accept(pattern);
    if (found === null) throw new Error(`expected ${pattern.source} at: ${this.#text.slice(this.#at, this.#at + 60)}`);
    return found;
  }

  acceptString(): string | null {
    const text = this.accept(/"(?:[^"\\]|\\.)*"/);
    return text === null ? null : (JSON.parse(text) as string);
  }

  string(): string {
    return this.acceptString() ?? (this.expect(/"/) as never);
  }

  /** `{…}`, whatever braces and texts are in it. */
  acceptBraces(): string | null {
    this.#skip();
    if (this.#text[this.#at] !== "{") return null;
    const begin = this.#at;
    const part = /[{}]|"(?:[^"\\]|\\.)*"/g;
    part.lastIndex = begin;
    for (let depth = 0; ; ) {
      const found = part.exec(this.#text)?.[0] ?? (this.expect(/\}/) as never);
      depth += found === "{" ? 1 : found === "}" ? -1 : 0;
      if (depth === 0) break;
    }
    this.#at = part.lastIndex;
    return this.#text.slice(begin, this.#at);
  }

  /** `["a","b"]` */
  strings(): string[] {
    return JSON.parse(this.expect(/\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\]/)) as string[];
  }

  list<T>(open: RegExp, close: RegExp, item: () => T): T[] {
    this.expect(open);
    const items: T[] = [];
    while (this.accept(close) === null) {
      items.push(item());
      this.accept(/,/);
    }
    return items;
  }

  #skip(): void {
    while (this.#text[this.#at] === " ") this.#at++;
  }
}
