/** Whether a text has `first`, and `second` behind it: SQL's `like '%first%second%'`. */
export function hasBoth(text: string, first: string, second: string): boolean {
  const at = text.indexOf(first);
  return at >= 0 && text.includes(second, at + first.length);
}
