"""Parquet files of every codec and encoding, written by pyarrow into a folder: `hostile.py FOLDER`. And what it reads of one: `hostile.py read FILE`."""
import sys

import pyarrow
import pyarrow.parquet

if sys.argv[1] == "read":
    table = pyarrow.parquet.read_table(sys.argv[2])
    print([f"{field.name}: {field.type}" for field in table.schema], table.to_pydict())
    sys.exit()

n = 40
table = pyarrow.table({
    "id": pyarrow.array(range(n), pyarrow.int64()),
    "zone": [None if i % 5 == 3 else f"zone {i % 4}" for i in range(n)],
    "miles": pyarrow.array([i / 8 if i % 7 else None for i in range(n)], pyarrow.float64()),
    "stops": pyarrow.array([[i] * (i % 3) for i in range(n)], pyarrow.list_(pyarrow.int64())),
    "o": pyarrow.array([{"a": i, "b": "x"} for i in range(n)], pyarrow.struct([("a", pyarrow.int32()), ("b", pyarrow.string())])),
    "ok": [i % 2 == 0 for i in range(n)],
})
kinds = {
    "snappy": {"compression": "snappy"},
    "plain": {"compression": "none", "use_dictionary": False},
    "zstd2": {"compression": "zstd", "data_page_version": "2.0"},
    "delta": {"compression": "none", "use_dictionary": False, "column_encoding": {"id": "DELTA_BINARY_PACKED", "zone": "DELTA_BYTE_ARRAY", "miles": "BYTE_STREAM_SPLIT"}},
    "lengths": {"compression": "snappy", "data_page_version": "2.0", "use_dictionary": False, "column_encoding": {"zone": "DELTA_LENGTH_BYTE_ARRAY", "ok": "RLE"}},
    "gzip": {"compression": "gzip"},
    "brotli": {"compression": "brotli"},
    "lz4": {"compression": "lz4"},
}
for name, options in kinds.items():
    pyarrow.parquet.write_table(table, f"{sys.argv[1]}/{name}.parquet", **options)
pyarrow.parquet.write_table(pyarrow.table({"x": pyarrow.array([None, "1234567890123456789012345678901234567890.25", "-3.50"]).cast(pyarrow.decimal256(60, 2))}), f"{sys.argv[1]}/wide.parquet")
