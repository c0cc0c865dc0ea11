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
