/** Pure helpers, for row functions to import. */
export const grade = (level: number): string => (level >= 10 ? "A" : level >= 0 ? "B" : "C");

export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most)}…`;
}
