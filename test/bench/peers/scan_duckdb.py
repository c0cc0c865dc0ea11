# The scan in DuckDB: scan_duckdb.py FOLDER THREADS
import json, sys, time
import duckdb

folder, threads = sys.argv[1:3]
print(json.dumps({"started": time.time()}), flush=True)
db = duckdb.connect()
db.execute(f"set threads={threads}")
found = db.execute(
    """select count(*), sum(trip_miles), sum(trip_time), sum(base_passenger_fare), sum(tips),
       min(pickup_datetime), max(dropoff_datetime), max(PULocationID) from read_parquet(?)""",
    [f"{folder}/*.parquet"],
).fetchone()
print(json.dumps({"answer": [found[0], found[1]]}))
