"""The rows of what we wrote, as another reader sees them: `peers.py LIBRARY KIND PATH` prints a list of objects."""
import json
import sys

library, kind, path = sys.argv[1:]
columns = ["n", "city", "year", "ok"]

if library == "duckdb":
    import duckdb

    source = {
        "folders": f"read_parquet('{path}/**/*.parquet', hive_partitioning = true)",
        "parquet": f"read_parquet('{path}')",
        "csv": f"read_csv('{path}')",
        "jsonl": f"read_json('{path}', format = 'newline_delimited')",
    }[kind]
    rows = duckdb.sql(f"select {', '.join(columns)} from {source} order by n").fetchall()
    rows = [dict(zip(columns, row)) for row in rows]
elif library == "polars":
    import polars

    read = {
        "folders": lambda: polars.scan_parquet(path + "/", hive_partitioning=True).collect(),
        "parquet": lambda: polars.read_parquet(path),
        "csv": lambda: polars.read_csv(path),
        "jsonl": lambda: polars.read_ndjson(path),
    }[kind]
    rows = read().select(columns).sort("n").to_dicts()
else:
    import pyarrow.csv
    import pyarrow.dataset
    import pyarrow.json
    import pyarrow.parquet

    read = {
        "folders": lambda: pyarrow.dataset.dataset(path, partitioning="hive").to_table(),
        "parquet": lambda: pyarrow.parquet.read_table(path),
        "csv": lambda: pyarrow.csv.read_csv(path),
        "jsonl": lambda: pyarrow.json.read_json(path),
    }[kind]
    rows = read().select(columns).sort_by("n").to_pylist()

# Partition values of booleans are texts to some, and 1.0 is 1.
plain = lambda value: {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
print(json.dumps([{name: plain(value) for name, value in row.items()} for row in rows]))
