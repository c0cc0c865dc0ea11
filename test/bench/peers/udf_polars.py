# A question about functions of the user's own in Polars, lazy, streaming: udf_polars.py QUESTION FILE OUT   (POLARS_MAX_THREADS says how many threads)
import os, sys, warnings
import polars as pl
from polars import col
from udf import check_digit, instalments, steps

question, file, out = sys.argv[1:4]
t = pl.scan_parquet(file)
# Where it knows a quicker way than a function it says so.
warnings.simplefilter("ignore")
months = pl.struct("v1", "v2", "v3").map_elements(lambda d: instalments(d["v3"], d["v1"], 60 * d["v2"]), return_dtype=pl.Float64)
questions = {
    "text": lambda: t.with_columns(digit=col("id3").map_elements(check_digit, return_dtype=pl.Float64)).group_by("digit").agg(n=pl.len(), v3=col("v3").sum()),
    "few": lambda: t.with_columns(steps=col("id4").map_elements(steps, return_dtype=pl.Float64)).group_by("id1").agg(col("steps").sum()),
    "numbers": lambda: t.with_columns(months=months).group_by("id1").agg(col("months").sum()),
}
os.makedirs(out, exist_ok=True)
questions[question]().sink_parquet(f"{out}/part-00000.parquet", compression="snappy", row_group_size=1048576)
