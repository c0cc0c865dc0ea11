/** Makes the rows of columns into objects: `__proto__` is a name like any other there. */
export function recordsOf(columns: readonly (readonly [name: string, at: (row: number) => unknown])[]): (row: number) => Record<string, unknown> {
  const odd = columns.some(([name]) => name === "__proto__");
  return (row) => {
    const record: Record<string, unknown> = {};
    for (const [name, at] of columns) {
      // An assignment would set the prototype, and the column be lost.
      if (odd && name === "__proto__") Object.defineProperty(record, name, { enumerable: true, configurable: true, writable: true, value: at(row) });
      else record[name] = at(row);
    }
    return record;
  };
}
