"""The rows of what we wrote, as another reader sees them: `peers.py LIBRARY` reads lines of `KIND PATH`, between tabs, and prints a list of objects for each."""
import json
import sys

(library,) = sys.argv[1:]
columns = ["n", "city", "year", "ok"]

if library == "duckdb":
    import duckdb

    def rows_of(kind, path):
        source = {
            "folders": f"read_parquet('{path}/**/*.parquet', hive_partitioning = true)",
            "parquet": f"read_parquet('{path}')",
            "csv": f"read_csv('{path}')",
            "jsonl": f"read_json('{path}', format = 'newline_delimited')",
        }[kind]
        rows = duckdb.sql(f"select {', '.join(columns)} from {source} order by n").fetchall()
        return [dict(zip(columns, row)) for row in rows]
elif library == "polars":
    import polars

    def rows_of(kind, path):
        read = {
            "folders": lambda: polars.scan_parquet(path + "/", hive_partitioning=True).collect(),
            "parquet": lambda: polars.read_parquet(path),
            "csv": lambda: polars.read_csv(path),
            "jsonl": lambda: polars.read_ndjson(path),
        }[kind]
        return read().select(columns).sort("n").to_dicts()
else:
    import pyarrow.csv
    import pyarrow.dataset
    import pyarrow.json
    import pyarrow.parquet

    def rows_of(kind, path):
        read = {
            "folders": lambda: pyarrow.dataset.dataset(path, partitioning="hive").to_table(),
            "parquet": lambda: pyarrow.parquet.read_table(path),
            "csv": lambda: pyarrow.csv.read_csv(path),
            "jsonl": lambda: pyarrow.json.read_json(path),
        }[kind]
        return read().select(columns).sort_by("n").to_pylist()

# Partition values of booleans are texts to some, and 1.0 is 1.
plain = lambda value: {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
for line in sys.stdin:
    rows = rows_of(*line.rstrip("\n").split("\t"))
    print(json.dumps([{name: plain(value) for name, value in row.items()} for row in rows]), flush=True)
