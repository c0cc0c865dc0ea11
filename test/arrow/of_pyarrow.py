"""Files and streams of Arrow IPC as pyarrow writes them, and what pyarrow reads of them: JSON on standard output."""
import datetime as dt, decimal, json, os, sys
import pyarrow as pa, pyarrow.feather as feather, pyarrow.ipc as ipc

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
place = lambda name: os.path.join(folder, name)
day = lambda i: dt.date(2024, 2, 20) + dt.timedelta(days=i % 400)
at = lambda i: dt.datetime(1969, 12, 31, 23) + dt.timedelta(seconds=i * 61, microseconds=i)
texts = ["Straße", "😀 smile", "", "ﬀ", "a text of more than twelve bytes"]


def table(start, end):
    rows = range(start, end)
    some = lambda every, of: [None if i % every == every - 1 else of(i) for i in rows]
    return pa.table({
        "id": pa.array(rows, pa.int64()),
        "small": pa.array(some(7, lambda i: i % 100 - 50), pa.int8()),
        "unsigned": pa.array(some(5, lambda i: i % 60000), pa.uint16()),
        "large": pa.array(some(6, lambda i: 9007199254740993 + i), pa.int64()),
        "level": pa.array(some(11, lambda i: float("nan") if i % 13 == 0 else (i * 37 % 100) / 4), pa.float64()),
        "single": pa.array(some(4, lambda i: i / 8), pa.float32()),
        "half": pa.array(some(9, lambda i: i % 512 / 4), pa.float16()),
        "name": pa.array(some(5, lambda i: texts[i % 5] + str(i % 3)), pa.string()),
        "wide": pa.array(some(8, lambda i: texts[i % 5] * 3), pa.large_string()),
        "label": pa.array(some(4, lambda i: "label " + str(i % 9)), pa.string()).dictionary_encode(),
        "number": pa.array(some(3, lambda i: i % 7), pa.int64()).dictionary_encode(),
        "ok": pa.array(some(6, lambda i: i % 3 == 0), pa.bool_()),
        "day": pa.array(some(10, day), pa.date32()),
        "day64": pa.array(some(10, day), pa.date64()),
        "at": pa.array(some(9, at), pa.timestamp("us")),
        "seconds": pa.array(some(9, lambda i: at(i).replace(microsecond=0)), pa.timestamp("s")),
        "zoned": pa.array(some(9, lambda i: at(i).replace(microsecond=0)), pa.timestamp("ns", "Europe/Berlin")),
        "price": pa.array(some(8, lambda i: decimal.Decimal(i - 500) / 100), pa.decimal128(10, 2)),
        "cost": pa.array(some(8, lambda i: decimal.Decimal(i - 500) / 100), pa.decimal256(12, 2)),
        "nothing": pa.nulls(len(rows)),
        "list": pa.array(some(3, lambda i: [i, i + 1]), pa.list_(pa.int32())),
        "struct": pa.array(some(5, lambda i: {"a": i, "b": str(i)}), pa.struct([("a", pa.int32()), ("b", pa.string())])),
    })


whole = table(0, 1000)
options = lambda compression, **more: ipc.IpcWriteOptions(compression=None if compression == "uncompressed" else compression, **more)
for compression in ["uncompressed", "lz4", "zstd"]:
    feather.write_feather(whole, place(f"{compression}.feather"), compression=compression, chunksize=300)
    with ipc.new_stream(place(f"{compression}.arrows"), whole.schema, options=options(compression)) as writer:
        writer.write_table(whole, max_chunksize=300)
with ipc.new_file(place("one-batch.arrow"), whole.schema) as writer:
    writer.write_table(whole)
with ipc.new_file(place("legacy.arrow"), whole.schema, options=options("uncompressed", metadata_version=ipc.MetadataVersion.V4, use_legacy_format=True)) as writer:
    writer.write_table(whole, max_chunksize=250)

# A dictionary of its own for each batch: in a stream one takes the place of the other.
with ipc.new_stream(place("replaced.arrows"), whole.schema) as writer:
    for i in range(0, 1000, 100):
        part = table(i, i + 100)
        labels = pa.array([None if j % 4 == 3 else f"label {(i + j) % (2 + i // 100)}" for j in range(100)], pa.string()).dictionary_encode()
        writer.write_table(part.set_column(part.schema.get_field_index("label"), "label", labels))
# Dictionaries that grow, with a null and a label twice among their entries.
small = pa.schema([("label", pa.dictionary(pa.int16(), pa.string())), ("id", pa.int64())])
for name, new in [("growing.arrows", ipc.new_stream), ("growing.arrow", ipc.new_file)]:
    entries = []
    with new(place(name), small, options=options("uncompressed", emit_dictionary_deltas=True)) as writer:
        for i in range(8):
            entries += [f"entry {i}", f"entry {i}" if i == 2 else f"other {i}"] + ([None] if i == 3 else [])
            keys = pa.array([None if j % 5 == 4 else j % len(entries) for j in range(50)], pa.int16())
            labels = pa.DictionaryArray.from_arrays(keys, pa.array(entries, pa.string()))
            writer.write_batch(pa.record_batch([labels, pa.array(range(i * 50, i * 50 + 50), pa.int64())], schema=small))
with ipc.new_file(place("none.arrow"), whole.schema): pass
with ipc.new_stream(place("none.arrows"), whole.schema): pass
with ipc.new_file(place("empty-batches.arrow"), whole.schema) as writer:
    rows = table(0, 3).to_batches()[0]
    for part in [rows.slice(0, 0), rows, rows.slice(0, 0), rows.slice(0, 2), rows.slice(3, 0)]: writer.write_batch(part)

# Several files, a folder a month.
for month in [1, 2]:
    os.makedirs(place(f"months/month={month}"), exist_ok=True)
    feather.write_feather(table(month * 10, month * 10 + 7), place(f"months/month={month}/a.arrow"), compression="lz4")


def shown(value):
    if isinstance(value, (dt.datetime, dt.date)):
        value = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
        value = value.replace(tzinfo=value.tzinfo or dt.timezone.utc)
        return (value - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)) // dt.timedelta(milliseconds=1)
    if isinstance(value, float) and value != value: return "NaN"
    return float(value) if isinstance(value, decimal.Decimal) else value


left_out = ["list", "struct", "large"]
def rows(name):
    opened = ipc.open_stream(place(name)) if name.endswith(".arrows") else ipc.open_file(place(name))
    found = opened.read_all()
    found = found.drop_columns([column for column in left_out if column in found.column_names])
    return [{key: shown(value) for key, value in row.items()} for row in found.to_pylist()]


print(json.dumps({name: rows(name) for name in sorted(os.listdir(folder)) if os.path.isfile(place(name))}))
