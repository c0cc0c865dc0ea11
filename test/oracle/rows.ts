/** What the programs read. */
export interface Measurement {
  id: number;
  station: string | null;
  value: number | null;
  level: number;
  serial: bigint;
  ok: boolean;
  at: Date;
  label: string;
}

export interface Station {
  station: string | null;
  name: string;
  height: number;
  opened: Date;
}

export interface Note {
  day: Date | null;
  who: string | null;
  amount: number | null;
  flag: boolean | null;
  text: string | null;
}

export interface Event {
  id: number;
  kind: string | null;
  at: Date | null;
  ref: bigint;
  value: number | null;
  ok: boolean;
}

/** 200,000 rows in 2 files of 10 row groups: more batches to each rank than any buffer holds. */
export interface Large {
  id: number;
  key: number;
  name: string;
  x: number;
}

export interface Post {
  id: number;
  kind: string | null;
  tags: (string | null)[] | null;
  scores: (number | null)[] | null;
  levels: number[];
  serials: bigint[];
  days: Date[];
  times: Date[];
  flags: (boolean | null)[];
  prices: (number | null)[];
  text: string;
}
