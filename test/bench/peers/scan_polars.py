# The scan in Polars, lazy, streaming: scan_polars.py URL|FOLDER   (AWS_… say where a bucket is; POLARS_MAX_THREADS how many threads)
import json, os, sys, time
import polars as pl

print(json.dumps({"started": time.time()}), flush=True)
options = {
    "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
    "aws_region": os.environ["AWS_REGION"], "aws_endpoint_url": os.environ["AWS_ENDPOINT_URL"], "aws_allow_http": "true",
} if sys.argv[1].startswith("s3://") else None
found = (
    pl.scan_parquet(f"{sys.argv[1]}/*.parquet", storage_options=options)
    .select(
        n=pl.len(), miles=pl.col("trip_miles").sum(), time=pl.col("trip_time").sum(), fare=pl.col("base_passenger_fare").sum(),
        tips=pl.col("tips").sum(), first=pl.col("pickup_datetime").min(), last=pl.col("dropoff_datetime").max(), zones=pl.col("PULocationID").max(),
    )
    .collect(engine="streaming")
)
print(json.dumps({"answer": [found["n"][0], found["miles"][0]]}))
