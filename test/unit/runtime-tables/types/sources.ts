// Sources that are declared by name, as `lockstep schema pull` does: their rows need no annotation.
import { readCsv, readIceberg, readParquet, type Table } from "@lockstep/runtime";

interface Trip {
  id: bigint;
  miles: number;
  note?: string;
}
declare module "@lockstep/runtime" {
  interface Sources {
    "data/trips": Trip;
  }
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type RowOf<T> = T extends Table<infer Row> ? Row : never;
declare function expectType<Expected>(): <T>(value: T & (Equal<RowOf<T>, Expected> extends true ? unknown : { readonly expected: Expected; readonly found: RowOf<T> })) => void;

const declared = "data/trips";
expectType<{ id: bigint; miles: number; note: string | null }>()(await readParquet("data/trips", { types: { id: "bigint" } }));
expectType<{ id: bigint; miles: number; note: string | null }>()(await readIceberg(declared));
expectType<{ miles: number }>()(await readParquet<{ miles: number }>("data/trips"));
expectType<{ miles: number }>()(await readParquet<{ miles: number }>(["data/trips", "data/others"]));
expectType<Record<never, never>>()(await readCsv("others"));
expectType<Record<never, never>>()(await readCsv(process.argv[2]!));

const trips = await readCsv("data/trips", {
  types: {
    // @ts-expect-error the declared row has no such column
    zip: "string",
    id: "bigint",
  },
});
trips.filter((d) => d.miles > 1);
