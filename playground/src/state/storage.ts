/** What the browser keeps for the page; nothing where it keeps nothing, as in some frames and private windows. */

export function kept(storage: "localStorage" | "sessionStorage", key: string): string | null {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

export function keep(storage: "localStorage" | "sessionStorage", key: string, value: string): void {
  try {
    window[storage].setItem(key, value);
  } catch {
    // It holds for as long as the page does.
  }
}
