/**
 * The taxi data: synthetic trips with the 24 columns of New York's high-volume for-hire records, and the weather of
 * 5,538 days. Every value is a hash of its row number, so the same number of rows is the same data everywhere.
 *
 * DuckDB writes it: a fast Parquet writer that is not ours, so that our readers meet a stranger's files.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { madeOnce } from "./made-once.ts";

const LOCATIONS = 263;
const START = Date.UTC(2019, 1, 1);
const YEARS_MS = 5 * 365.25 * 86_400_000;
const WEATHER_DAYS = 5_538;
const ROW_GROUP = 1_048_576;

export interface TaxiData {
  readonly weather: string;
  readonly trips: string;
}

/** Makes the data in `folder` unless it is there; a folder that exists is complete. */
export async function makeTaxi(folder: string, rows: number, files = 4): Promise<TaxiData> {
  const data = { weather: join(folder, "central_park_weather.csv"), trips: join(folder, "fhvhv") };
  await madeOnce(folder, async (staging) => {
    mkdirSync(join(staging, "fhvhv"));
    writeFileSync(join(staging, "central_park_weather.csv"), weatherCsv());
    const instance = await DuckDBInstance.create(":memory:");
    let next = 0;
    // A query over range() uses one thread: one connection per core, each taking the next file.
    const worker = async (): Promise<void> => {
      const connection = await instance.connect();
      await connection.run(`set variable zipf = [${zipfTable().join(",")}]`);
      while (next < files) {
        const file = next++;
        const from = Math.floor((rows * file) / files);
        const to = Math.floor((rows * (file + 1)) / files);
        const target = join(staging, "fhvhv", `fhvhv_${String(file).padStart(3, "0")}.parquet`).replaceAll("'", "''");
        const rowGroup = Math.max(2048, Math.min(ROW_GROUP, Math.ceil((to - from) / 2)));
        await connection.run(
          `copy (${tripsQuery(from, to, rows)}) to '${target}' (format parquet, compression snappy, row_group_size ${rowGroup})`,
        );
      }
      connection.closeSync();
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    instance.closeSync();
  });
  return data;
}

/** 65,536 location ids whose frequencies follow Zipf's law with exponent 0.7. */
function zipfTable(): number[] {
  const weights = Array.from({ length: LOCATIONS }, (_, i) => (i + 1) ** -0.7);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const table: number[] = [];
  let cumulative = 0;
  weights.forEach((weight, i) => {
    cumulative += weight;
    while (table.length < Math.round((cumulative / total) * 65_536)) table.push(i + 1);
  });
  return table;
}

function tripsQuery(from: number, to: number, rows: number): string {
  // `h(k)`: 64 bits that depend on the row and on k; `u(k)`: a uniform number in (0, 1).
  const h = (k: number): string => `hash(i * 32 + ${k})`;
  const u = (k: number): string => `((${h(k)} >> 11)::double + 0.5) / 9007199254740992.0`;
  const location = (k: number): string => `getvariable('zipf')[1 + (${h(k)} & 65535)::int]`;
  const seconds = (expression: string): string => `make_timestamp((${expression})::bigint * 1000000)`;
  const flag = (k: number, percent: number): string => `case when ${h(k)} % 100 < ${percent} then 'Y' else 'N' end`;
  const step = YEARS_MS / 1000 / rows;
  return `
    with trip as (
      select i,
        floor(${START / 1000} + i * ${step})::bigint as pickup,
        [ 'HV0003','HV0003','HV0003','HV0003','HV0003','HV0003','HV0005','HV0005','HV0002','HV0004' ][1 + (${h(1)} % 10)::int] as license,
        round(-2.3 * ln(${u(2)} * ${u(3)}), 2) as miles,
        240 + (${h(4)} % 1800)::int as wait
      from range(${from}, ${to}) as numbers(i)
    )
    select
      license as hvfhs_license_num,
      'B0' || (2395 + ${h(5)} % 40)::varchar as dispatching_base_num,
      case when ${h(6)} % 4 = 0 then null else 'B0' || (2395 + ${h(5)} % 40)::varchar end as originating_base_num,
      ${seconds("pickup - wait")} as request_datetime,
      case when ${h(6)} % 4 = 0 then null else ${seconds("pickup - wait // 3")} end as on_scene_datetime,
      ${seconds("pickup")} as pickup_datetime,
      ${seconds("pickup + 120 + (miles * 210)::bigint")} as dropoff_datetime,
      ${location(7)}::bigint as PULocationID,
      ${location(8)}::bigint as DOLocationID,
      miles as trip_miles,
      (120 + miles * 210)::bigint as trip_time,
      round(4.2 + miles * 2.9 + 3 * ${u(9)}, 2) as base_passenger_fare,
      case when ${h(10)} % 12 = 0 then 6.55 else 0.0 end::double as tolls,
      round(0.03 * (4.2 + miles * 2.9), 2) as bcf,
      round(0.0888 * (4.2 + miles * 2.9), 2) as sales_tax,
      case when ${h(11)} % 3 = 0 then 2.75 else 0.0 end::double as congestion_surcharge,
      case when ${h(12)} % 50 = 0 then null when ${h(12)} % 14 = 1 then 2.5 else 0.0 end::double as airport_fee,
      case when ${h(13)} % 5 = 0 then round(8 * ${u(14)}, 2) else 0.0 end as tips,
      round(3.1 + miles * 2.2, 2) as driver_pay,
      ${flag(15, 4)} as shared_request_flag,
      ${flag(16, 2)} as shared_match_flag,
      ${flag(17, 1)} as access_a_ride_flag,
      ${flag(18, 3)} as wav_request_flag,
      ${flag(19, 6)} as wav_match_flag
    from trip`;
}

/** A quoted name with a comma, empty fields, days in order: what a CSV reader meets in practice. */
function weatherCsv(): string {
  const lines = ["STATION,NAME,DATE,AWND,PRCP,SNOW,SNWD,TMAX,TMIN"];
  for (let day = 0; day < WEATHER_DAYS; day++) {
    const date = new Date(START + (day - (WEATHER_DAYS - 1_890)) * 86_400_000);
    const noise = (salt: number): number => mix(day * 16 + salt) / 2 ** 32;
    const season = Math.cos(((date.getUTCMonth() * 30.4 + date.getUTCDate() - 200) / 365) * 2 * Math.PI);
    const wet = noise(1) < 0.33;
    const inches = wet ? Math.round(-0.35 * Math.log(noise(2) + 1e-9) * 100) / 100 : 0;
    const cold = season < -0.6 && wet;
    const high = Math.round(62 + 24 * season + 14 * (noise(3) - 0.5));
    lines.push(
      [
        "USW00094728",
        '"NY CITY CENTRAL PARK, NY US"',
        date.toISOString().slice(0, 10),
        noise(4) < 0.02 ? "" : (Math.round(noise(5) * 120) / 10).toString(),
        inches.toString(),
        cold ? (inches * 8).toFixed(1) : "0",
        cold ? Math.round(inches * 10).toString() : "0",
        high.toString(),
        (high - 6 - Math.round(noise(6) * 12)).toString(),
      ].join(","),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** A 32-bit integer hash (Wellons' "lowbias32"). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
