// The taxi job in Polars from Node, lazy: taxi_polars.mjs WEATHER TRIPS OUT   (POLARS_MAX_THREADS says how many)
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import pl from "nodejs-polars";

const [weather, trips, out] = process.argv.slice(2);
console.log(JSON.stringify({ started: Date.now() / 1000 }));
const days = pl
  .scanCSV(weather, { parseDates: true })
  .select(pl.col("DATE").cast(pl.Date).alias("date"), pl.col("PRCP").gt(0.1).alias("date_with_precipitation"));
const t = pl.col("pickup_datetime");
const hour = t.dt.hour();
const between = (from, to) => hour.gtEq(from).and(hour.ltEq(to));
const keys = ["PULocationID", "DOLocationID", "month", "weekday", "date_with_precipitation", "time_bucket"];
mkdirSync(out, { recursive: true });
await pl
  .scanParquet(join(trips, "*.parquet"))
  .select(
    pl.col("PULocationID"),
    pl.col("DOLocationID"),
    pl.col("trip_miles"),
    t.cast(pl.Date).alias("date"),
    t.dt.month().cast(pl.Float64).alias("month"),
    t.dt.weekday().ltEq(5).alias("weekday"),
    pl
      .when(between(8, 10)).then(pl.lit("morning"))
      .when(between(11, 15)).then(pl.lit("midday"))
      .when(between(16, 18)).then(pl.lit("afternoon"))
      .when(between(19, 21)).then(pl.lit("evening"))
      .otherwise(pl.lit("other"))
      .alias("time_bucket"),
  )
  .join(days, { on: "date", how: "inner" })
  .groupBy(keys)
  .agg(pl.len().cast(pl.Int64).alias("trips"), pl.col("trip_miles").mean().alias("avg_distance"))
  .sort(keys.map((key) => pl.col(key)))
  .sinkParquet(join(out, "part-00000.parquet"), { compression: "snappy", rowGroupSize: 1048576 })
  .collect();
