"""Structs as pyarrow writes them, in every layout: `write PATH VERSION` and `arrow PATH`; whether others' copies of them are the same: `same PATH OUT…`."""
import datetime
import decimal
import json
import sys

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

ROWS = range(97)
POINT = pa.struct([pa.field("x", pa.float64(), nullable=False), pa.field("y", pa.int64())])
TYPES = {
    "id": pa.int32(),
    "at": POINT,
    "who": pa.struct([("name", pa.large_string()), ("kind", pa.dictionary(pa.int8(), pa.string())), ("born", pa.date32()), ("seen", pa.timestamp("ns", "UTC"))]),
    "deep": pa.struct([("inner", pa.struct([("at", POINT), ("price", pa.decimal128(9, 2))])), ("tags", pa.large_list(pa.string())), ("ok", pa.bool_())]),
    "stops": pa.list_(pa.struct([("place", pa.string()), ("at", POINT)])),
    "grid": pa.list_(pa.list_(pa.int32())),
    "cells": pa.large_list(pa.list_(pa.struct([("n", pa.int16())]))),
}


def point(i):
    return None if i % 4 == 0 else {"x": i / 4, "y": None if i % 3 == 0 else i}


def row(i):
    return {
        "id": i,
        "at": point(i),
        "who": None if i % 7 == 0 else {
            "name": None if i % 5 == 0 else f"ä{i}",
            "kind": None if i % 6 == 0 else f"k{i % 3}",
            "born": None if i % 2 else datetime.date(1969, 12, 31) + datetime.timedelta(i),
            "seen": datetime.datetime(1969, 12, 31, 23, 59, 59, 999_000 + i, datetime.timezone.utc),
        },
        "deep": None if i % 11 == 0 else {
            "inner": None if i % 3 == 0 else {"at": point(i + 1), "price": decimal.Decimal(i) / 4},
            "tags": None if i % 5 == 0 else ["a", None, "b"][: i % 4],
            "ok": None if i % 4 == 0 else i % 2 == 0,
        },
        "stops": None if i % 9 == 0 else [None if n == 1 and i % 2 else {"place": f"p{n}" if n else None, "at": point(i + n)} for n in range(i % 4)],
        "grid": None if i % 8 == 0 else [[i], None, [], [None, 2]][: i % 5],
        "cells": [[{"n": i}, None], []][: i % 3],
    }


def table():
    return pa.table([pa.array([row(i)[name] for i in ROWS], of) for name, of in TYPES.items()], schema=pa.schema(list(TYPES.items())))


match sys.argv[1]:
    case "write":
        pq.write_table(table(), sys.argv[2], row_group_size=40, data_page_version=sys.argv[3])
    case "arrow":
        feather.write_feather(table(), sys.argv[2], compression="zstd", chunksize=40)
    case "same":
        own = table().sort_by("id").to_pylist()
        print(json.dumps([pq.read_table(out).sort_by("id").to_pylist() == own for out in sys.argv[2:]]))
        print(json.dumps([[str(field.type) for field in pq.read_table(out).schema] for out in sys.argv[2:]]))
