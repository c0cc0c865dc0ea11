# A question about groups in Polars, lazy, streaming: groupby_polars.py QUESTION FILE OUT   (POLARS_MAX_THREADS says how many threads)
import os, sys
import polars as pl
from polars import col

question, file, out = sys.argv[1:4]
t = pl.scan_parquet(file)
questions = {
    "q1": lambda: t.group_by("id1").agg(col("v1").sum()),
    "q2": lambda: t.group_by("id1", "id2").agg(col("v1").sum()),
    "q3": lambda: t.group_by("id3").agg(col("v1").sum(), col("v3").mean()),
    "q4": lambda: t.group_by("id4").agg(col("v1", "v2", "v3").mean()),
    "q5": lambda: t.group_by("id6").agg(col("v1", "v2", "v3").sum()),
    "q6": lambda: t.group_by("id4", "id5").agg(median=col("v3").median(), sd=col("v3").std()),
    "q7": lambda: t.group_by("id3").agg(range=(col("v1").max() - col("v2").min()).cast(pl.Float64)),
    "q8": lambda: t.group_by("id6").agg(col("v3").top_k(2)).explode("v3"),
    "q9": lambda: t.group_by("id2", "id4").agg(r2=pl.corr("v1", "v2") ** 2),
    "q10": lambda: t.group_by("id1", "id2", "id3", "id4", "id5", "id6").agg(v3=col("v3").sum(), count=pl.len()),
}
os.makedirs(out, exist_ok=True)
questions[question]().sink_parquet(f"{out}/part-00000.parquet", compression="snappy", row_group_size=1048576)
