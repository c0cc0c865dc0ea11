/** Where there is nothing to show, why. */
export function Empty({ what }: { what: string }) {
  return <p class="empty">{what}</p>;
}
