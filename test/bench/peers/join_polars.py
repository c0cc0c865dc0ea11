# A join in Polars, lazy, streaming: join_polars.py QUESTION FOLDER OUT   (POLARS_MAX_THREADS says how many threads)
import os, sys
import polars as pl

question, folder, out = sys.argv[1:4]
other, key, how = {"q1": ("small", "id1", "inner"), "q2": ("medium", "id2", "inner"), "q3": ("medium", "id2", "left"), "q4": ("medium", "id5", "inner"), "q5": ("big", "id3", "inner")}[question]
joined = pl.scan_parquet(f"{folder}/x.parquet").select(key, "v1").join(pl.scan_parquet(f"{folder}/{other}.parquet").select(key, "v2"), on=key, how=how)
os.makedirs(out, exist_ok=True)
joined.select(n=pl.len(), v1=pl.col("v1").sum(), v2=pl.col("v2").sum()).sink_parquet(f"{out}/part-00000.parquet", compression="snappy", row_group_size=1048576)
