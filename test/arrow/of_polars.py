"""Polars: `write folder` writes files and streams and prints their rows; `read` reads lines of files, between tabs, and prints what they hold, as JSON."""
import datetime as dt, json, os, sys
import polars as pl

if sys.argv[1] == "write":
    folder = sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    rows = range(500)
    frame = pl.DataFrame({
        "id": list(rows),
        "name": [None if i % 5 == 4 else f"a name that is longer than twelve bytes {i % 13}" for i in rows],
        "short": [f"s{i % 5}" for i in rows],
        "kind": [None if i % 7 == 6 else f"k{i % 6}" for i in rows],
        "at": [dt.datetime(2024, 1, 1) + dt.timedelta(seconds=i) for i in rows],
        "none": [None for _ in rows],
        "list": [[i, 2] for i in rows],
    }).with_columns(pl.col("kind").cast(pl.Categorical))
    for compression in ["uncompressed", "lz4", "zstd"]:
        frame.write_ipc(os.path.join(folder, f"{compression}.arrow"), compression=compression, record_batch_size=200)
        frame.write_ipc_stream(os.path.join(folder, f"{compression}.arrows"), compression=compression)
    frame.write_ipc(os.path.join(folder, "old.arrow"), compat_level=pl.CompatLevel.oldest())
    print(json.dumps(frame.drop("list").with_columns(pl.col("at").dt.epoch("ms")).to_dicts()))
else:
    for line in sys.stdin:
        frame = pl.concat([pl.read_ipc(path) for path in line.rstrip("\n").split("\t")])
        found = {"schema": {name: str(kind) for name, kind in frame.schema.items()}, "rows": frame.with_columns(pl.selectors.temporal().dt.epoch("ms")).to_dicts()}
        print(json.dumps(found, default=str).replace(": NaN", ': "NaN"'), flush=True)
