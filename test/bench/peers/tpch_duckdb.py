# Queries of TPC-H in DuckDB's SQL, in one process: tpch_duckdb.py QUERIES.sql DATA SCALE PASSES OUT THREADS QUERY…
import json, os, re, sys, time
import duckdb

queries, data, scale, passes, out, threads, *names = sys.argv[1:]
db = duckdb.connect()
db.execute(f"set threads={threads}")
db.execute(f"set variable scale = {scale}::double")
for file in os.listdir(data):
    db.execute(f"create view {file.removesuffix('.parquet')} as from '{data}/{file}'")
with open(queries) as text:
    sql = dict(re.findall(r"^-- (\w+)\n(.*?)(?=^-- |\Z)", text.read(), re.S | re.M))
os.makedirs(out)
seconds = {name: [] for name in names}
for _ in range(int(passes)):
    for name in names:
        start = time.perf_counter()
        rows = db.execute(sql[name]).fetchall()
        seconds[name].append(time.perf_counter() - start)
        with open(f"{out}/{name}.json", "w") as file:
            json.dump(rows, file, default=str)
with open(f"{out}/seconds.json", "w") as file:
    json.dump(seconds, file)
