# Rows in order in Polars, lazy, streaming: sort_polars.py QUESTION FILE OUT   (POLARS_MAX_THREADS says how many threads)
import os, sys
import polars as pl
from polars import col

question, file, out = sys.argv[1:4]
t = pl.scan_parquet(file)
s = (col("v3") + 0.000001) / 100
questions = {
    "uniform": lambda: t.select("v3", "id3", "id6", "v1").sort("v3"),
    "text": lambda: t.select("id3", "v3", "id6", "v1").sort("id3", "v3"),
    "zipf": lambda: t.select(pl.min_horizontal(pl.lit(1e9), 1 / (s * s * s * s * s)).floor().alias("key"), "id3", "id6", "v1").sort("key"),
    "one_key": lambda: t.select((col("v1") * 0).cast(pl.Float64).alias("key"), "id3", "id6", "v1").sort("key"),
}
os.makedirs(out, exist_ok=True)
questions[question]().sink_parquet(f"{out}/part-00000.parquet", compression="snappy", row_group_size=1048576)
