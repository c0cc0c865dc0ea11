"""Uuids, times of day, long decimals and maps as pyarrow writes them: `write PATH VERSION` and `arrow PATH`; bytes of 16 that are no uuids: `bytes PATH`; decimals of many digits: `long PATH`; what is in others' copies of them, and their types: `same PATH OUT…`; in tables of Iceberg: `iceberg FOLDER…`."""
import decimal
import json
import pathlib
import sys
import uuid

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from pyiceberg.expressions import EqualTo
from pyiceberg.table import StaticTable

ROWS = range(97)
DAY = 86_400
TYPES = {
    "n": pa.int32(),
    "id": pa.uuid(),
    "ms": pa.time32("ms"),
    "us": pa.time64("us"),
    "ns": pa.time64("ns"),
    "price": pa.decimal128(20, 3),
    "wei": pa.decimal128(38, 18),
    "serial": pa.decimal128(38, 0),
    "huge": pa.decimal256(50, 2),
    "tags": pa.map_(pa.string(), pa.int32()),
    "seen": pa.map_(pa.uuid(), pa.struct([("at", pa.time64("us")), ("who", pa.list_(pa.uuid()))])),
    "half": pa.float16(),
    "large": pa.uint64(),
}


def key(i):
    return uuid.uuid5(uuid.NAMESPACE_DNS, str(i % 23))


def micros(i):
    return i * 3_571_000_003 % (DAY * 1_000_000)


def row(i):
    return {
        "n": i,
        "id": None if i % 7 == 0 else key(i).bytes,
        "ms": None if i % 4 == 0 else micros(i) // 1000,
        "us": None if i % 6 == 0 else micros(i) // 10 ** (i % 3 * 3) * 10 ** (i % 3 * 3),
        "ns": micros(i) * 1000 + i % 3,
        "price": None if i % 9 == 0 else decimal.Decimal(i) / 8,
        "wei": decimal.Decimal(i) / 10**6,
        "serial": decimal.Decimal(i * 10**11),
        "huge": decimal.Decimal(i) * 25 / 100,
        "tags": None if i % 8 == 0 else [(f"k{n}", None if n == 1 else i + n) for n in range(i % 4)],
        "seen": [(key(i + n).bytes, None if n else {"at": micros(i), "who": [key(i).bytes, None][: i % 3]}) for n in range(i % 3)],
        "half": i / 2,
        "large": 2**40 + i,
    }


def array(values, of):
    """pa.array, which knows no extension types inside of others."""
    if isinstance(of, pa.ExtensionType):
        return pa.ExtensionArray.from_storage(of, pa.array(values, of.storage_type))
    mask = pa.array([value is None for value in values])
    if pa.types.is_struct(of):
        return pa.StructArray.from_arrays([array([value and value[field.name] for value in values], field.type) for field in of], fields=list(of), mask=mask)
    if not (pa.types.is_map(of) or pa.types.is_list(of)):
        return pa.array(values, of)
    flat = [one for value in values for one in value or []]
    offsets = [0]
    for value in values:
        offsets.append(offsets[-1] + len(value or []))
    if pa.types.is_map(of):
        return pa.MapArray.from_arrays(pa.array([None if value is None else at for value, at in zip([*values, ()], offsets)], pa.int32()), array([one[0] for one in flat], of.key_type), array([one[1] for one in flat], of.item_type))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), array(flat, of.value_type), mask=mask)


def table():
    return pa.table([array([row(i)[name] for i in ROWS], of) for name, of in TYPES.items()], schema=pa.schema(list(TYPES.items())))


def plain(column):
    # Python's times have no nanoseconds.
    return (column.cast(pa.int64()) if pa.types.is_time64(column.type) else column).to_pylist()


match sys.argv[1]:
    case "write":
        pq.write_table(table(), sys.argv[2], row_group_size=40, data_page_version=sys.argv[3])
    case "arrow":
        feather.write_feather(table(), sys.argv[2], compression="zstd", chunksize=40)
    case "bytes":
        pq.write_table(pa.table({"n": pa.array(ROWS, pa.int32()), "bytes": pa.array([key(i).bytes for i in ROWS], pa.binary(16))}), sys.argv[2])
    case "long":
        wide = pa.table({"n": pa.array(range(3), pa.int32()), "serial": pa.array([decimal.Decimal(5), decimal.Decimal(2**53), decimal.Decimal(2**60 + 1)], pa.decimal128(38, 0)), "price": pa.array([decimal.Decimal("0.5"), None, decimal.Decimal("12345678901234567.125")], pa.decimal128(20, 3))})
        pq.write_table(wide, sys.argv[2])
    case "iceberg":
        own = table()
        for out in sys.argv[2:]:
            written = StaticTable.from_metadata(out)
            found = written.scan().to_arrow().sort_by("n")
            some = written.scan(row_filter=EqualTo("id", key(1))).to_arrow().num_rows
            bounds = sorted({len(bound) for task in written.scan().plan_files() for which in (task.file.lower_bounds, task.file.upper_bounds) for column, bound in which.items() if column == written.schema().find_field("id").field_id})
            print(json.dumps({"differing": [name for name in found.column_names if plain(found[name]) != plain(own[name])], "types": {field.name: str(field.field_type) for field in written.schema().fields}, "some": some, "bounds": bounds}))
    case "same":
        own = table()
        for out in sys.argv[2:]:
            parts = [feather.read_table(part) for part in sorted(pathlib.Path(out).glob("*.arrow"))]
            found = (pa.concat_tables(parts) if parts else pq.read_table(out)).sort_by("n")
            differing = [name for name in found.column_names if plain(found[name]) != plain(own[name])]
            print(json.dumps({"differing": differing, "types": {field.name: str(field.type) for field in found.schema}}))
