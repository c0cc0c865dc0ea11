# The taxi job in Polars, lazy, streaming sink: taxi_polars.py WEATHER TRIPS OUT   (POLARS_MAX_THREADS says how many)
import json, os, sys, time
import polars as pl

weather, trips, out = sys.argv[1:4]
print(json.dumps({"started": time.time()}), flush=True)
days = pl.scan_csv(weather, try_parse_dates=True).select(pl.col("DATE").alias("date"), (pl.col("PRCP") > 0.1).alias("date_with_precipitation"))
t = pl.col("pickup_datetime")
hour = t.dt.hour()
keys = ["PULocationID", "DOLocationID", "month", "weekday", "date_with_precipitation", "time_bucket"]
os.makedirs(out, exist_ok=True)
(
    pl.scan_parquet(f"{trips}/*.parquet")
    .select(
        "PULocationID", "DOLocationID", "trip_miles",
        date=t.dt.date(), month=t.dt.month().cast(pl.Float64), weekday=t.dt.weekday() <= 5,
        time_bucket=pl.when(hour.is_between(8, 10)).then(pl.lit("morning"))
        .when(hour.is_between(11, 15)).then(pl.lit("midday"))
        .when(hour.is_between(16, 18)).then(pl.lit("afternoon"))
        .when(hour.is_between(19, 21)).then(pl.lit("evening"))
        .otherwise(pl.lit("other")),
    )
    .join(days, on="date")
    .group_by(keys)
    .agg(trips=pl.len().cast(pl.Int64), avg_distance=pl.col("trip_miles").mean())
    .sort(keys)
    .sink_parquet(f"{out}/part-00000.parquet", compression="snappy", row_group_size=1048576)
)
