"""One table whose files have other columns and types, as pyarrow writes them: `write FOLDER parquet|arrow`; what a dataset of pyarrow has of them: `read FOLDER`; columns of what we wrote: `types FOLDER`."""
import datetime
import decimal
import json
import os
import sys

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather as feather
import pyarrow.parquet as pq

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(2024, 1, 1, tzinfo=UTC)
# Per file: how many rows, and the columns in their order.
FILES = [
    (40, {
        "id": pa.int32(), "n": pa.int32(), "f": pa.float32(), "mixed": pa.int32(), "price": pa.decimal128(9, 2), "at": pa.timestamp("ms"), "day": pa.date32(),
        "text": pa.dictionary(pa.int32(), pa.string()), "tags": pa.list_(pa.int32()), "place": pa.struct([("x", pa.int32()), ("s", pa.string())]), "nothing": pa.null(), "wide": pa.int64(),
    }),
    (0, {"note": pa.string(), "id": pa.int64()}),
    (57, {
        "note": pa.string(), "wide": pa.uint8(), "place": pa.struct([("s", pa.large_string()), ("y", pa.float32()), ("x", pa.float64())]), "tags": pa.list_(pa.float64()), "text": pa.string(),
        "day": pa.timestamp("us"), "at": pa.timestamp("us", tz="UTC"), "price": pa.decimal128(12, 4), "mixed": pa.float64(), "f": pa.float64(), "n": pa.int64(), "id": pa.int64(), "nothing": pa.string(),
    }),
    (1, {"id": pa.int8()}),
    (30, {"id": pa.uint16(), "late": pa.bool_(), "price": pa.int32(), "text": pa.large_string(), "note": pa.string()}),
]


def value(name, of, i):
    if name == "id":
        return i
    if i % 11 == 5 or pa.types.is_null(of):
        return None
    match name:
        case "n" | "wide":
            return i * 3 % 101
        case "f" | "mixed":
            return i / 4 if pa.types.is_floating(of) else i
        case "price":
            return i % 50 if pa.types.is_integer(of) else decimal.Decimal(i) / 4
        case "at":
            return (EPOCH + datetime.timedelta(hours=i)).replace(tzinfo=UTC if of.tz else None)
        case "day":
            return datetime.date(1969, 12, 20) + datetime.timedelta(i) if pa.types.is_date(of) else datetime.datetime(2024, 1, 1) + datetime.timedelta(minutes=i)
        case "tags":
            return [None, i, i + 1][: i % 4]
        case "place":
            whole = {"x": i, "s": f"s{i % 7}", "y": i / 2}
            return {field.name: whole[field.name] for field in of}
        case "late":
            return i % 2 == 0
        case _:
            return f"{name} {i % 5}"


def tables():
    first = 0
    for rows, types in FILES:
        yield pa.table({name: pa.array([value(name, of, i) for i in range(first, first + rows)], of) for name, of in types.items()})
        first += rows


match sys.argv[1]:
    case "write":
        os.makedirs(sys.argv[2])
        for number, table in enumerate(tables()):
            path = os.path.join(sys.argv[2], f"{number}.{sys.argv[3]}")
            if sys.argv[3] == "parquet":
                pq.write_table(table, path, row_group_size=16, write_page_index=True, data_page_size=64)
            else:
                feather.write_feather(table, path, compression="zstd", chunksize=16)
    case "read":
        files = sorted(os.path.join(sys.argv[2], name) for name in os.listdir(sys.argv[2]))
        names = ["id", "note", "n", "f", "mixed", "late"]
        schemas = [pq.read_schema(file) for file in files]
        schemas = [pa.schema([field for field in schema if field.name in names]) for schema in schemas]
        schema = pa.unify_schemas(schemas, promote_options="permissive")
        print(json.dumps(ds.dataset(files, schema=schema).to_table(columns=names).sort_by("id").to_pylist()))
    case "types":
        print(json.dumps({field.name: str(field.type) for field in pq.read_table(sys.argv[2]).schema}))
