# The taxi job as Bodo's own benchmark has it, compiled: taxi_bodo.py WEATHER TRIPS OUT   (BODO_NUM_WORKERS says how many)
import json, sys, time
import bodo
import pandas as pd


@bodo.jit(spawn=True)
def job(weather, trips, out):
    days = pd.read_csv(weather, parse_dates=["DATE"])
    days = days.rename(columns={"DATE": "date", "PRCP": "precipitation"}, copy=False)
    rides = pd.read_parquet(trips)
    days["date"] = days["date"].dt.date
    rides["date"] = rides["pickup_datetime"].dt.date
    rides["month"] = rides["pickup_datetime"].dt.month
    rides["hour"] = rides["pickup_datetime"].dt.hour
    rides["weekday"] = rides["pickup_datetime"].dt.dayofweek.isin([0, 1, 2, 3, 4])
    both = rides.merge(days, on="date", how="inner")
    both["date_with_precipitation"] = both["precipitation"] > 0.1

    def bucket(hour):
        if hour in (8, 9, 10):
            return "morning"
        if hour in (11, 12, 13, 14, 15):
            return "midday"
        if hour in (16, 17, 18):
            return "afternoon"
        if hour in (19, 20, 21):
            return "evening"
        return "other"

    both["time_bucket"] = both.hour.map(bucket)
    groups = both.groupby(
        ["PULocationID", "DOLocationID", "month", "weekday", "date_with_precipitation", "time_bucket"], as_index=False
    ).agg({"hvfhs_license_num": "count", "trip_miles": "mean"})
    groups = groups.sort_values(by=["PULocationID", "DOLocationID", "month", "weekday", "date_with_precipitation", "time_bucket"])
    groups = groups.rename(columns={"hvfhs_license_num": "trips", "trip_miles": "avg_distance"}, copy=False)
    groups.to_parquet(out, compression="snappy", row_group_size=1048576)


weather, trips, out = sys.argv[1:4]
print(json.dumps({"started": time.time()}), flush=True)
job(weather, trips, out)
