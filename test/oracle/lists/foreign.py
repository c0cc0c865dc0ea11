"""Lists as pyarrow writes them, in every layout: `write PATH NAME VERSION` and `arrow PATH`; whether others' copies of them are the same: `same PATH OUT…`."""
import datetime
import decimal
import json
import sys

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

ROWS = range(97)
TYPES = {
    "id": pa.int32(),
    "large": pa.large_list(pa.large_string()),
    "fixed": pa.list_(pa.float32(), 2),
    "coded": pa.list_(pa.dictionary(pa.int8(), pa.string())),
    "small": pa.list_(pa.uint8()),
    "days": pa.list_(pa.date32()),
    "prices": pa.list_(pa.decimal128(9, 2)),
    "none": pa.list_(pa.int64()),
    "deep": pa.list_(pa.list_(pa.int32())),
}


def row(i):
    return {
        "id": i,
        "large": None if i % 7 == 0 else ["a", None, "b"][: i % 4],
        "fixed": None if i % 5 == 0 else [i / 2, -0.0],
        "coded": [f"c{(i + n) % 5}" if (i + n) % 6 else None for n in range(i % 3)],
        "small": [None, i % 256][: i % 3],
        "days": [datetime.date(1969, 12, 31) + datetime.timedelta(i), None][: 1 + i % 2],
        "prices": [decimal.Decimal(i) / 4, None][: 1 + i % 2],
        "none": None if i % 2 else [],
        "deep": [[i], None, []],
    }


def table():
    return pa.table({name: pa.array([row(i)[name] for i in ROWS], of) for name, of in TYPES.items()})


match sys.argv[1]:
    case "write":
        pq.write_table(table(), sys.argv[2], row_group_size=40, use_compliant_nested_type=sys.argv[3] == "element", data_page_version=sys.argv[4])
    case "arrow":
        feather.write_feather(table(), sys.argv[2], compression="zstd", chunksize=40)
    case "same":
        own = table().drop(["deep"]).sort_by("id").to_pylist()
        print(json.dumps([pq.read_table(out).sort_by("id").to_pylist() == own for out in sys.argv[2:]]))
        print(json.dumps([[str(field.type) for field in pq.read_table(out).schema] for out in sys.argv[2:]]))
