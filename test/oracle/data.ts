/**
 * Tables with what breaks engines: several files of uneven row groups, an empty file, nulls, NaN, both zeros, dates
 * before 1970, integers past 2^53, text outside the basic plane. Written by DuckDB: a stranger's Parquet.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { makeTaxi } from "../data/taxi.ts";

/** Paths, as a program gets them. */
export interface Tables {
  /** 24-column trips and the weather of their days. */
  readonly trips: string;
  readonly weather: string;
  /** 2,003 rows in three files, one of them empty: see `Measurement`. */
  readonly measurements: string;
  /** The same columns, no row. */
  readonly nothing: string;
  /** One row. */
  readonly single: string;
  /** 40 stations by name, with duplicates and a null: see `Station`. */
  readonly stations: string;
  /** 200,000 rows in two files of ten row groups each: see `Large`. */
  readonly large: string;
  /** 40 rows of integers past 2^53 and 2^63 beside floats that equal some of them, and instants past what nanoseconds hold: see `Wide`. */
  readonly wide: string;
  /** Texts that decoders change: a leading U+FEFF, JSON. */
  readonly texts: string;
  /** 301 rows in three files, one of them empty, with columns of lists: see `Post`. */
  readonly posts: string;
  /** JSON Lines with a list of an integer past 2^53, of several types, and of nothing. */
  readonly lists: string;
  /** A CSV with quoted line breaks, empty fields, CRLF. */
  readonly notes: string;
  /** A CSV whose columns have the names of what every object has. */
  readonly odd: string;
  /** Only its header. */
  readonly header: string;
  /** JSON Lines of 1,501 rows in four files, one of them empty, with keys in any order, some absent, others nested: see `Event`. */
  readonly events: string;
  /** JSON Lines of the columns of `Event` alone. */
  readonly plainEvents: string;
  /** JSON Lines with one far integer and one text that is no date. */
  readonly oddEvents: string;
  /** JSON Lines whose last line is none. */
  readonly cutEvents: string;
}

/** Line `i` of the events: two in three have something that an `Event` has not. */
function eventLine(i: number, extra: boolean): string {
  const kind = JSON.stringify(["Straße", "a\n\"b\"", "😀", "\ud83d", ""][i % 5]);
  const members = [
    `"id": ${i % 4 ? i : `${i}.0e0`}`,
    i % 6 === 5 ? `"kind":null` : `"k\\u0069nd":${i % 7 ? kind : kind.replace("😀", "\\ud83d\\ude00")}`,
    ...(i % 8 ? [`"at":"${new Date(Date.UTC(1960 + (i % 90), i % 12, 1 + (i % 28), i % 24, 0, i % 60, i % 1000)).toISOString()}"`] : []),
    `"ref":${i % 9 ? 9007199254740993n + BigInt(i) : "-0"}`,
    ...(i % 10 ? [`"value" : ${i % 3 ? ((i * 7919) % 20011) / 7 : i % 2 ? "-0" : "1e400"}`] : []),
    `"ok":${i % 2 === 0}`,
    ...(extra ? [[`"payload":{"id":[${i},{"x":"}"}]}`], [`"note":${i % 4 ? i : '"n"'}`], []][i % 3]! : []),
  ];
  return `{${i % 2 && extra ? members.reverse().join(" ,\t") : members.join(",")}}`;
}

const MEASUREMENTS = (from: number, to: number): string => `
  select i::bigint as id,
    case when i % 11 = 0 then null else 'st-' || lpad((hash(i) % 37)::varchar, 2, '0') end as station,
    case when i % 13 = 0 then null when i % 17 = 0 then 'NaN'::double when i % 19 = 0 then -0.0 when i % 23 = 0 then 0.0
         else round(((hash(i * 3) % 20000)::double - 10000) / 7, 3) end as value,
    ((hash(i * 5) % 41)::int - 20)::int as level,
    9007199254740993 + i as serial,
    hash(i * 7) % 3 = 0 as ok,
    make_timestamp(((hash(i * 9) % 4000000000)::bigint - 1000000000) * 1000000 + i) as at,
    case i % 5 when 0 then 'Straße' when 1 then '😀 smile' when 2 then '' when 3 then 'ﬀ' else ' a b ' end as label
  from range(${from}, ${to}) as t(i)`;

/** Lists that are null, empty, or hold nulls; of every type of element, with lists of lists and structs of them beside. */
const POSTS = (from: number, to: number): string => `
  select i::int as id, case i % 3 when 0 then 'x' when 1 then 'y' else null end as kind,
    case when i % 7 = 0 then null when i % 5 = 0 then [] when i % 11 = 0 then [null, 'b', null]
         else list_transform(range(0, (i % 4)::bigint + 1), lambda n: case (i + n) % 6 when 0 then '' when 1 then '😀' when 2 then 'a' when 3 then 'a,b' else 't' || ((i + n) % 9) end) end as tags,
    case when i % 8 = 0 then null else list_transform(range(0, (i % 5)::bigint), lambda n: case (i + n) % 7 when 0 then 'NaN'::double when 1 then -0.0 when 2 then null else (i * 7 + n) / 3.0 end) end as scores,
    list_transform(range(0, (i % 3)::bigint), lambda n: (i - n)::int) as levels,
    list_transform(range(0, (i % 3)::bigint), lambda n: 9007199254740993 + i + n) as serials,
    list_transform(range(0, (i % 3)::bigint), lambda n: (date '1969-12-30' + ((i + n)::int))::date) as days,
    list_transform(range(0, (i % 2)::bigint + 1), lambda n: make_timestamp((i - 100) * 1000000000 + n)) as times,
    [i % 2 = 0, null, i % 3 = 0] as flags,
    [(i / 4.0)::decimal(10, 2), null] as prices,
    case when i % 4 = 0 then null else [[i::int], [], null] end as deep,
    case when i % 6 = 0 then null else {'city': 'c' || (i % 4), 'floors': [i::int, null]} end as place,
    case i % 4 when 0 then '' when 1 then 'a,b' when 2 then ',' || i || ',,😀' else 'word' end as text
  from range(${from}, ${to}) as t(i)`;

const LARGE = (from: number, to: number): string => `
  select i::bigint as id, (hash(i) % 5000)::int as key, 'n' || (hash(i * 3) % 91) as name, (hash(i * 5) % 1000003) / 1000003.0 as x
  from range(${from}, ${to}) as t(i)`;

const WIDE = `
  select i::int as id,
    case i % 5 when 0 then i::ubigint when 1 then 9007199254740992::ubigint + i::ubigint when 2 then 9223372036854775807::ubigint + i::ubigint when 3 then null else 18446744073709551615::ubigint - i::ubigint end as unsigned,
    case i % 4 when 0 then i when 1 then 9007199254740991 + i when 2 then 9223372036854775807 - i else null end::bigint as signed,
    case i % 4 when 0 then i when 1 then 9007199254740992 + 2 * i when 2 then 9223372036854775808 else i + 0.5 end::double as real,
    (timestamp '2001-02-03 04:05:06.789123' + interval (i) day)::timestamp_ns as nano,
    (timestamp '1500-02-03 04:05:06.789123' + interval (i * 25) year)::timestamp as micro,
    (date '1400-03-01' + interval (i * 30) year)::date as day
  from range(0, 40) t(i)`;

export async function makeTables(folder: string): Promise<Tables> {
  mkdirSync(join(folder, "measurements"), { recursive: true });
  const trips = await makeTaxi(join(folder, "taxi"), 20_000, 3);
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const write = (query: string, file: string, rowGroup = 2048): Promise<unknown> =>
    connection.run(`copy (${query}) to '${join(folder, file)}' (format parquet, row_group_size ${rowGroup})`);
  await write(MEASUREMENTS(0, 1500), "measurements/a.parquet");
  await write(MEASUREMENTS(1500, 1500), "measurements/b.parquet");
  await write(MEASUREMENTS(1500, 2003), "measurements/c.parquet");
  await write(MEASUREMENTS(0, 0), "nothing.parquet");
  await write(MEASUREMENTS(7, 8), "single.parquet");
  await write(
    `select case when i = 39 then null else 'st-' || lpad((i % 36)::varchar, 2, '0') end as station,
       'Station ' || i as name, (i * 10)::int as height, date '2020-02-28' + i::int as opened from range(0, 40) t(i)`,
    "stations.parquet",
  );
  await write(`select i::int as id, chr(65279) || 'a' || i % 3 as marked, ('{ "a": ' || i || '.0 }')::json as doc, case when i % 2 = 0 then chr(65279) else '' end as mark from range(0, 20) t(i)`, "texts.parquet");
  await write(WIDE, "wide.parquet");
  mkdirSync(join(folder, "posts"));
  await write(POSTS(0, 200), "posts/a.parquet", 64);
  await write(POSTS(200, 200), "posts/b.parquet");
  await write(POSTS(200, 301), "posts/c.parquet");
  mkdirSync(join(folder, "large"));
  await write(LARGE(0, 100_000), "large/a.parquet", 10_240);
  await write(LARGE(100_000, 200_000), "large/b.parquet", 10_240);
  connection.closeSync();
  instance.closeSync();
  const notes = [
    "day,who,amount,flag,text",
    '2024-02-29,anna,1.5,true,"two\r\nlines"',
    '2024-03-01,"b, ""quoted""",-0,false,',
    "2024-03-02T12:30:00Z,,1e3,true,plain",
    ",anna,,,\"\"",
  ];
  writeFileSync(join(folder, "notes.csv"), `${notes.join("\r\n")}\r\n`);
  writeFileSync(join(folder, "odd.csv"), "__proto__,constructor,toString,a b,ü\n1,x,3,2,äö\n2,,4,5,é\n3,x,1,7,🎉\n");
  writeFileSync(join(folder, "header.csv"), `${notes[0]}\n`);
  mkdirSync(join(folder, "events"));
  const events = (from: number, to: number, end = "\n", extra = true): string => Array.from({ length: to - from }, (_, i) => `${eventLine(from + i, extra)}${end}`).join("");
  writeFileSync(join(folder, "events/a.jsonl"), `\uFEFF\n${events(0, 700)}`);
  writeFileSync(join(folder, "events/b.ndjson"), " \r\n");
  writeFileSync(join(folder, "events/c.jsonl"), eventLine(700, true));
  writeFileSync(join(folder, "events/d.json"), events(701, 1501, "\r\n \t\r\n"));
  writeFileSync(join(folder, "plain-events.jsonl"), events(1, 41, "\n", false));
  writeFileSync(join(folder, "cut-events.jsonl"), events(0, 300).slice(0, -3));
  writeFileSync(join(folder, "lists.jsonl"), Array.from({ length: 60 }, (_, id) => `{"id":${id},"ids":[${id === 44 ? "1, 9007199254740993" : id}],"mixed":[${id === 50 ? 1 : '"a"'}],"none":${id % 3 ? "[]" : "[null]"}}\n`).join(""));
  const odd = Array.from({ length: 90 }, (_, id) => `{"id":${id},"far":${id === 77 ? "9007199254740993" : id},"day":"${id === 50 ? "tomorrow" : "2024-01-31"}"}\n`);
  writeFileSync(join(folder, "odd-events.jsonl"), odd.join(""));
  const path = (name: string): string => join(folder, name);
  return {
    ...trips,
    measurements: path("measurements"),
    nothing: path("nothing.parquet"),
    single: path("single.parquet"),
    stations: path("stations.parquet"),
    large: path("large"),
    wide: path("wide.parquet"),
    texts: path("texts.parquet"),
    posts: path("posts"),
    lists: path("lists.jsonl"),
    notes: path("notes.csv"),
    odd: path("odd.csv"),
    header: path("header.csv"),
    events: path("events"),
    plainEvents: path("plain-events.jsonl"),
    oddEvents: path("odd-events.jsonl"),
    cutEvents: path("cut-events.jsonl"),
  };
}
