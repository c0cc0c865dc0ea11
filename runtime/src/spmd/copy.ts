type Values = Record<PropertyKey, unknown>;

/**
 * What a row function of V8 captures, as it stands where the verb is called: the function runs when its table is computed, and the program may
 * have changed a list or a record by then. Arrays, Maps, Sets, Dates, bytes and plain objects are copied, all the way down and each once, so that
 * what was one object stays one; instances of classes and functions are what they are.
 */
export function copy<V extends Values>(captured: V): V {
  const copies = new Map<object, object>();
  const of = (value: unknown): unknown => (typeof value === "object" && value !== null ? (copies.get(value) ?? fresh(value)) : value);
  const known = <T extends object>(value: object, made: T): T => {
    copies.set(value, made);
    return made;
  };
  const fresh = (value: object): object => {
    if (Array.isArray(value)) {
      // What `exec` found has members besides its elements.
      if (Object.hasOwn(value, "groups")) return known(value, value);
      const list = known(value, value.slice());
      list.forEach((element, n) => void (list[n] = of(element)));
      return list;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Map.prototype) {
      const map = known(value, new Map<unknown, unknown>());
      for (const [key, held] of value as Map<unknown, unknown>) map.set(of(key), of(held));
      return map;
    }
    if (prototype === Set.prototype) {
      const set = known(value, new Set<unknown>());
      for (const held of value as Set<unknown>) set.add(of(held));
      return set;
    }
    if (prototype === Date.prototype) return known(value, new Date((value as Date).getTime()));
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return known(value, bytesOf.call(value));
    if (prototype !== Object.prototype && prototype !== null) return known(value, value);
    const record = known(value, Object.create(prototype) as Values);
    for (const key of Reflect.ownKeys(value)) record[key] = of((value as Values)[key]);
    return record;
  };
  return of(captured) as V;
}

/** Of any typed array, and of a Buffer, whose own `slice` does not copy. */
const bytesOf = (Object.getPrototypeOf(Uint8Array.prototype) as { slice(this: ArrayBufferView): ArrayBufferView }).slice;
