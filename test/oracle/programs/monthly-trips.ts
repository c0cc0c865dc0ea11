import { op, readCsv, readParquet } from "@lockstep/runtime";
import type { Trip, Weather } from "../../../playground/examples/monthly-trips/src/schema.ts";
import { timeBucket } from "../../../playground/examples/monthly-trips/src/time-bucket.ts";
import type { Tables } from "../data.ts";

/** The main job, with all its columns returned as well. */
export async function monthlyTripsOrdered(tables: Tables, out: string) {
  "use spmd";
  const weather = (await readCsv<Weather>(tables.weather)).select("DATE", "PRCP").rename({ DATE: "date", PRCP: "precipitation" });
  const trips = (await readParquet<Trip>(tables.trips)).derive({
    date: (d) => new Date(Date.UTC(d.pickup_datetime.getUTCFullYear(), d.pickup_datetime.getUTCMonth(), d.pickup_datetime.getUTCDate())),
    month: (d) => d.pickup_datetime.getUTCMonth() + 1,
    hour: (d) => d.pickup_datetime.getUTCHours(),
    weekday: (d) => d.pickup_datetime.getUTCDay() >= 1 && d.pickup_datetime.getUTCDay() <= 5,
  });
  const monthly = trips
    .join(weather, "date")
    .derive({ date_with_precipitation: (d) => d.precipitation > 0.1, time_bucket: (d) => timeBucket(d.hour) })
    .groupby("PULocationID", "DOLocationID", "month", "weekday", "date_with_precipitation", "time_bucket")
    .rollup({ trips: op.count(), avg_distance: op.mean("trip_miles") })
    .orderby("PULocationID", "DOLocationID", "month", "weekday", "date_with_precipitation", "time_bucket");
  await monthly.writeParquet(out);
  return monthly.numRows();
}

/** The groups in the order Arquero gives without a sort: of first appearance. */
export async function groupsInOrder(tables: Tables, _out: string) {
  "use spmd";
  const trips = await readParquet<Trip>(tables.trips);
  return trips
    .derive({ month: (d) => d.pickup_datetime.getUTCMonth() + 1, long: (d) => d.trip_miles > 5 })
    .groupby("month", "long", "hvfhs_license_num")
    .rollup({ trips: op.count(), miles: op.sum("trip_miles"), longest: op.max("trip_miles") })
    .objects();
}
