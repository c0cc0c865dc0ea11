import { op, readCsv, readParquet } from "@lockstep/runtime";
import type { Trip, Weather } from "./schema.ts";
import { timeBucket } from "./time-bucket.ts";

/** Precipitation in inches above which a day counts as wet. */
const WET = 0.1;

/** How many trips, and how far, between any two zones: by month, kind of day, rain and time of day. */
export async function monthlyTrips(weatherPath: string, tripsPath: string, out: string): Promise<number> {
  "use spmd";
  const weather = (await readCsv<Weather>(weatherPath))
    .select("DATE", "PRCP")
    .rename({ DATE: "date", PRCP: "precipitation" });

  const trips = (await readParquet<Trip>(tripsPath)).derive({
    date: (d) => new Date(Date.UTC(d.pickup_datetime.getUTCFullYear(), d.pickup_datetime.getUTCMonth(), d.pickup_datetime.getUTCDate())),
    month: (d) => d.pickup_datetime.getUTCMonth() + 1,
    hour: (d) => d.pickup_datetime.getUTCHours(),
    weekday: (d) => d.pickup_datetime.getUTCDay() >= 1 && d.pickup_datetime.getUTCDay() <= 5,
  });

  const monthly = trips
    .join(weather, "date")
    .derive({
      date_with_precipitation: (d) => d.precipitation > WET,
      time_bucket: (d) => timeBucket(d.hour),
    })
    .groupby("PULocationID", "DOLocationID", "month", "weekday", "date_with_precipitation", "time_bucket")
    .rollup({ trips: op.count(), avg_distance: op.mean("trip_miles") })
    .orderby("PULocationID", "DOLocationID", "month", "weekday", "date_with_precipitation", "time_bucket");

  await monthly.writeParquet(out, { mode: "overwrite" });
  return monthly.numRows();
}

/** `1.2 M rows` */
export function describe(rows: number): string {
  return rows >= 1e6 ? `${(rows / 1e6).toFixed(1)} M rows` : `${rows} rows`;
}

// Top-level code runs once, on rank 0, however many ranks there are.
const [weather, trips, out] = process.argv.slice(2);
if (weather !== undefined && trips !== undefined && out !== undefined) {
  const rows = await monthlyTrips(weather, trips, out);
  console.log(`${describe(rows)} written to ${out}`);
} else {
  console.error("usage: job WEATHER.csv TRIPS OUT   (a file, a folder of Parquet files, a folder to write)");
  process.exitCode = 2;
}
