/**
 * `Promise.all(list.map(each))` of a callback that communicates: one element after the other, so that all ranks are at the
 * same one. What `each` throws ends it, as it would end the wait for all.
 */
export async function mapInOrder<T, R>(list: readonly T[], each: (element: T, index: number, list: readonly T[]) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const [index, element] of list.entries()) results.push(await each(element, index, list));
  return results;
}
