"""Tables of Iceberg in a folder, written by PyIceberg, and what PyIceberg reads of them: `tables.py FOLDER`.

Prints JSON: table -> { "folder", "states": { name: { "options", "rows" } } }. PyIceberg writes no delete files, so they are made here,
and committed by its own snapshots; of those that list keys, which it does not read either, the answer is written down.
"""

import datetime
import decimal
import json
import pathlib
import sys
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent, ManifestWriterV2
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import (
    BooleanType, DateType, DecimalType, DoubleType, FloatType, IntegerType, ListType, LongType, MapType, NestedField, StringType, StructType, TimestampType, TimestamptzType, TimeType, UUIDType,
)

folder = pathlib.Path(sys.argv[1]).resolve()
folder.mkdir(parents=True, exist_ok=True)
catalog = SqlCatalog("test", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
catalog.create_namespace("t")
answers = {}


def value(of):
    if isinstance(of, datetime.datetime):
        utc = of if of.tzinfo else of.replace(tzinfo=datetime.timezone.utc)
        return utc.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03}Z"
    if isinstance(of, datetime.date):
        return f"{of.isoformat()}T00:00:00.000Z"
    if isinstance(of, datetime.time):
        return of.isoformat().rstrip("0") if of.microsecond else of.isoformat()
    if isinstance(of, uuid.UUID):
        return str(of)
    if isinstance(of, decimal.Decimal):
        return float(of)
    if isinstance(of, dict):
        return {name: value(member) for name, member in of.items()}
    return [value(element) for element in of] if isinstance(of, list) else of


def rows_of(arrow):
    return [{name: value(of) for name, of in row.items()} for row in arrow.to_pylist()]


def state(table, name, options=None, rows=None, **scan):
    """`rows`: where PyIceberg cannot say them."""
    known = answers.setdefault(table.name()[-1], {"folder": table.location().removeprefix("file://"), "states": {}})
    known["states"][name] = {"options": options or {}, "rows": rows if rows is not None else rows_of(table.scan(**scan).to_arrow())}


def optional(*columns):
    return [NestedField(id, column, kind, required=False) for id, column, kind in columns]


def create(name, *columns, spec=None, **options):
    return catalog.create_table(f"t.{name}", Schema(*optional(*columns)), **({"partition_spec": spec} if spec else {}), **options)


def append(table, **columns):
    table.append(pa.table(columns))


class DeleteManifest(ManifestWriterV2):
    def content(self):
        return ManifestContent.DELETES

    @property
    def _meta(self):
        return {**super()._meta, "content": "deletes"}


def file_of(table, name, content, columns, ids, partition=None, equality=None, bounds=None):
    """Writes one file of these columns, whose fields have these ids."""
    path = f"{table.location()}/data/{name}.parquet"
    fields = [pa.field(key, column.type, metadata={"PARQUET:field_id": str(id)}) for (key, column), id in zip(columns.items(), ids)]
    local = path.removeprefix("file://")
    pathlib.Path(local).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(list(columns.values()), schema=pa.schema(fields)), local)
    file = DataFile.from_args(
        content=content, file_path=path, file_format=FileFormat.PARQUET, partition=partition or Record(),
        record_count=len(next(iter(columns.values()))), file_size_in_bytes=pathlib.Path(local).stat().st_size,
        equality_ids=equality, lower_bounds=bounds, upper_bounds=bounds,
    )
    file.spec_id = table.spec().spec_id
    return file


def delete_file(table, *args, **options):
    """Commits one delete file."""
    file = file_of(table, *args, **options)
    with table.transaction() as transaction:
        with transaction.update_snapshot().fast_append() as producer:
            producer.new_manifest_writer = lambda spec: DeleteManifest(spec, table.schema(), producer.new_manifest_output(), producer.snapshot_id, "deflate")
            producer.append_data_file(file)


def files(table):
    return [path.as_py() for path in table.inspect.files()["file_path"]]


def day(number):
    return datetime.date(2024, 1, 1) + datetime.timedelta(days=number)


def time(number, zone=None):
    return datetime.datetime(2024, 1, 1, 12, tzinfo=zone) + datetime.timedelta(hours=number, microseconds=number * 1001)


utc = datetime.timezone.utc

# Columns are renamed, widened, added, dropped, moved; the first state stays as it was.
evolved = create(
    "evolved", (1, "id", LongType()), (2, "name", StringType()), (3, "amount", IntegerType()), (4, "price", FloatType()), (5, "day", DateType()),
    (6, "at", TimestamptzType()), (7, "here", TimestampType()), (8, "ok", BooleanType()), (9, "paid", DecimalType(9, 2)), (10, "tags", ListType(11, StringType(), False)),
)
count = 40
append(
    evolved, id=pa.array(range(count), pa.int64()), name=[None if i % 7 == 3 else f"n{i}" for i in range(count)], amount=pa.array([i * 3 for i in range(count)], pa.int32()),
    price=pa.array([i / 4 for i in range(count)], pa.float32()), day=[day(i) for i in range(count)], at=pa.array([time(i, utc) for i in range(count)], pa.timestamp("us", "UTC")),
    here=pa.array([time(-i) for i in range(count)], pa.timestamp("us")), ok=[None if i == 5 else i % 2 == 0 for i in range(count)],
    paid=pa.array([decimal.Decimal(i) / 100 for i in range(count)], pa.decimal128(9, 2)), tags=pa.array([["a"]] * count, pa.list_(pa.field("element", pa.string(), False))),
)
first = evolved.current_snapshot()
evolved.manage_snapshots().create_tag(first.snapshot_id, "first").create_branch(first.snapshot_id, "side").commit()
with evolved.update_schema() as update:
    update.rename_column("name", "title")
    update.update_column("amount", LongType())
    update.update_column("price", DoubleType())
    update.update_column("paid", DecimalType(12, 2))
    update.add_column("note", StringType())
    update.delete_column("ok")
    update.move_first("note")
append(
    evolved, note=["x", None, "z"], id=pa.array([100, 101, 2**53 + 1], pa.int64()), title=["late", None, ""], amount=pa.array([2**40, None, -1], pa.int64()), price=[0.1, None, -2.5],
    day=[day(-9000), None, day(0)], at=pa.array([time(1, utc), None, time(-200000, utc)], pa.timestamp("us", "UTC")), here=pa.array([time(1), None, time(2)], pa.timestamp("us")),
    paid=pa.array([decimal.Decimal("1234567890.12"), None, decimal.Decimal("-0.01")], pa.decimal128(12, 2)), tags=pa.array([["a"], None, []], pa.list_(pa.field("element", pa.string(), False))),
)
columns = ("note", "id", "title", "amount", "price", "day", "at", "here", "paid")
state(evolved, "now", selected_fields=columns)
old = ("id", "name", "amount", "price", "day", "at", "here", "ok", "paid")
state(evolved, "snapshot", {"snapshot": str(first.snapshot_id)}, snapshot_id=first.snapshot_id, selected_fields=old)
state(evolved, "tag", {"ref": "first"}, snapshot_id=first.snapshot_id, selected_fields=old)
state(evolved, "time", {"asOf": first.timestamp_ms}, snapshot_id=first.snapshot_id, selected_fields=old)
# A branch is read with the schema of today.
state(evolved, "branch", {"ref": "side"}, [row for row in rows_of(evolved.scan(selected_fields=columns).to_arrow()) if row["id"] < 100])

# Partitions by value, by bucket and by day; rows of one partition are overwritten.
spec = PartitionSpec(
    PartitionField(1, 1000, IdentityTransform(), "region"), PartitionField(2, 1001, BucketTransform(4), "id_bucket"), PartitionField(3, 1002, DayTransform(), "at_day"),
)
parted = create("parted", (1, "region", StringType()), (2, "id", LongType()), (3, "at", TimestampType()), spec=spec)
for part in range(2):
    ids = range(part * 30, part * 30 + 30)
    append(parted, region=[None if i % 11 == 0 else ["north", "süd", "e/a=st"][i % 3] for i in ids], id=pa.array(ids, pa.int64()), at=pa.array([time(i * 7) for i in ids], pa.timestamp("us")))
parted.delete("region == 'north'")
parted.overwrite(pa.table({"region": ["süd"], "id": pa.array([999], pa.int64()), "at": pa.array([time(0)], pa.timestamp("us"))}), overwrite_filter="region == 'süd' and id < 20")
state(parted, "now")

# Files of positions: one for two files, one with the bounds of a single file; rows that came later stay.
places = create("places", (1, "id", LongType()), (2, "name", StringType()))
for part in range(2):
    append(places, id=pa.array(range(part * 1000, part * 1000 + 1000), pa.int64()), name=[f"p{i}" for i in range(1000)])
two = files(places)
deleted = sorted([(two[0], i) for i in range(0, 1000, 3)] + [(two[1], i) for i in (0, 1, 2, 998, 999)])
delete_file(
    places, "positions", DataFileContent.POSITION_DELETES,
    {"file_path": pa.array([path for path, _ in deleted]), "pos": pa.array([at for _, at in deleted], pa.int64())}, (2147483546, 2147483545),
)
delete_file(
    places, "one", DataFileContent.POSITION_DELETES, {"file_path": pa.array([two[1]] * 500), "pos": pa.array(range(500), pa.int64())}, (2147483546, 2147483545),
    bounds={2147483546: two[1].encode()},
)
append(places, id=pa.array([5000, 5001], pa.int64()), name=["new", None])
state(places, "now")

# Files of keys: of one column, of two with nulls; of a partition alone; the same key inserted again stays.
keyed = create("keyed", (1, "region", StringType()), (2, "id", LongType()), (3, "price", DoubleType()), spec=PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "region")))
for region in ("a", "b"):
    append(keyed, region=[region] * 50, id=pa.array([None if i == 7 else i for i in range(50)], pa.int64()), price=[i / 8 for i in range(50)])
left = rows_of(keyed.scan().to_arrow())
delete_file(keyed, "ids", DataFileContent.EQUALITY_DELETES, {"id": pa.array([1, 2, None], pa.int64())}, (2,), Record("a"), [2])
left = [row for row in left if not (row["region"] == "a" and row["id"] in (1, 2, None))]
delete_file(keyed, "pairs", DataFileContent.EQUALITY_DELETES, {"price": pa.array([1.0, 2.0, 0.875]), "id": pa.array([8, 17, None], pa.int64())}, (3, 2), Record("b"), [3, 2])
left = [row for row in left if not (row["region"] == "b" and (row["price"], row["id"]) in ((1.0, 8), (2.0, 17), (0.875, None)))]
append(keyed, region=["a"], id=pa.array([2], pa.int64()), price=[9.5])
state(keyed, "now", rows=left + [{"region": "a", "id": 2, "price": 9.5}])

# Files that others wrote, without ids.
local = folder / "others.parquet"
pq.write_table(pa.table({"b": pa.array(["x", "y"]), "a": pa.array([1, 2], pa.int64())}), local)
adopted = create("adopted", (1, "a", LongType()), (2, "b", StringType()))
adopted.add_files([f"file://{local}"])
with adopted.update_schema() as update:
    update.rename_column("a", "key")
append(adopted, key=pa.array([3], pa.int64()), b=["z"])
state(adopted, "now")

# Lists and structs, of which members are renamed, widened, dropped, added (one by the name of another that is gone) and moved. What PyIceberg itself makes of a
# list of structs that is null is an empty one, in files, too (https://github.com/apache/iceberg-python/issues/3833).
stop = StructType(*optional((20, "place", StringType()), (21, "n", IntegerType()), (22, "at", StructType(*optional((23, "x", FloatType()), (24, "y", FloatType()))))))
nested = create(
    "nested", (1, "id", LongType()), (2, "loc", StructType(*optional((10, "x", IntegerType()), (11, "label", StringType()), (12, "who", StructType(*optional((13, "name", StringType()), (14, "seen", TimestamptzType()), (15, "paid", DecimalType(9, 2)))))))),
    (3, "tags", ListType(30, StringType(), False)), (4, "stops", ListType(31, stop, False)), (5, "grid", ListType(32, ListType(33, IntegerType(), False), False)),
    properties={"write.parquet.row-group-limit": "7"},
)


def who(i):
    return None if i % 5 == 2 else {"name": None if i % 3 == 1 else f"w{i}", "seen": time(i, utc), "paid": decimal.Decimal(i) / 100}


def tags(i):
    return None if i % 6 == 4 else [None if (i + n) % 4 == 0 else f"t{i}.{n}" for n in range(i % 4)]


def grid(i):
    return None if i % 7 == 5 else [None if n == 1 else [None if m == 2 else i * n - m for m in range((i + n) % 4)] for n in range(i % 3)]


def old(i):
    stops = [None if (i + n) % 5 == 0 else {"place": f"p{n}", "n": i * n, "at": None if n == 1 else {"x": i / 2, "y": None if i % 2 else n / 4}} for n in range(i % 4)]
    return {"id": i, "loc": None if i % 8 == 3 else {"x": None if i % 9 == 0 else i * 7, "label": f"l{i}", "who": who(i)}, "tags": tags(i), "stops": stops, "grid": grid(i)}


def add(table, rows):
    table.append(pa.Table.from_pylist(rows, schema=table.schema().as_arrow()))


for part in ((0, 23), (23, 24), (24, 45)):
    add(nested, [old(i) for i in range(*part)])
before = nested.current_snapshot()
with nested.update_schema() as update:
    update.rename_column(("loc", "x"), "east")
    update.update_column(("loc", "x"), LongType())
    update.delete_column(("loc", "label"))
    update.update_column(("loc", "who", "paid"), DecimalType(15, 2))
    update.update_column(("stops", "element", "n"), LongType())
    update.update_column(("stops", "element", "at", "x"), DoubleType())
    update.delete_column(("stops", "element", "at", "y"))
    update.add_column(("stops", "element", "late"), BooleanType())
    update.update_column(("grid", "element", "element"), LongType())
with nested.update_schema() as update:
    update.add_column(("loc", "label"), LongType())
    update.add_column(("loc", "more"), StructType(*optional((100, "a", StringType()), (101, "b", ListType(102, LongType(), False)))))
    update.rename_column(("stops", "element", "place"), "name")
    update.rename_column("tags", "labels")
    update.move_first(("loc", "who"))
    update.move_before(("stops", "element", "n"), ("stops", "element", "place"))
with nested.update_schema() as update:
    update.move_first("grid")
    update.rename_column("grid", "cells")


def new(i):
    stops = [None if n == 2 else {"n": 2**40 + n, "name": f"q{n}", "at": {"x": 1 / 3}, "late": None if n else i % 2 == 0} for n in range(i % 5)]
    loc = {"who": who(i), "east": 2**41 + i, "label": None if i % 2 else i, "more": None if i % 3 == 0 else {"a": f"a{i}", "b": None if i % 4 == 1 else [i, None]}}
    return {"cells": grid(i), "id": i, "loc": None if i % 10 == 1 else loc, "labels": tags(i), "stops": stops}


add(nested, [new(i) for i in range(100, 113)])
state(nested, "evolved", {"snapshot": str(nested.current_snapshot().snapshot_id)})
state(nested, "snapshot", {"snapshot": str(before.snapshot_id)}, snapshot_id=before.snapshot_id)
last = files(nested)[-1]
delete_file(nested, "some", DataFileContent.POSITION_DELETES, {"file_path": pa.array([last] * 3), "pos": pa.array([0, 5, 6], pa.int64())}, (2147483546, 2147483545), bounds={2147483546: last.encode()})
state(nested, "now")

# Of lists and structs in files without ids, and by names of members that have changed since.
foreign = folder / "foreign.parquet"
members = pa.struct([("x", pa.int64()), ("name", pa.string())])
pq.write_table(pa.table({"a": pa.array([1, 2, 3], pa.int64()), "at": pa.array([{"x": 1, "name": "n"}, None, {"x": None, "name": "m"}], members), "list": pa.array([[{"x": 5, "name": None}, None], [], [{"x": 6, "name": "k"}]], pa.list_(members))}), foreign)
inside = [StructType(*optional((10 * at, "x", LongType()), (10 * at + 1, "name", StringType()))) for at in (1, 2)]
strangers = create("strangers", (1, "a", LongType()), (2, "at", inside[0]), (3, "list", ListType(4, inside[1], False)))
strangers.add_files([f"file://{foreign}"])
with strangers.update_schema() as update:
    update.rename_column(("at", "x"), "east")
    update.rename_column(("list", "element", "name"), "title")
    update.add_column(("at", "z"), DoubleType())
    update.move_first(("list", "element", "name"))
add(strangers, [{"a": 4, "at": {"east": 9, "name": None, "z": 0.5}, "list": [{"title": "t", "x": None}]}])
state(strangers, "now")

# Uuids and times of day, also inside of others, and decimals of many digits.
kinds = create("kinds", (1, "n", LongType()), (2, "id", UUIDType()), (3, "at", TimeType()), (4, "price", DecimalType(20, 3)), (5, "deep", StructType(*optional((6, "at", TimeType()), (7, "price", DecimalType(30, 10))))))
for numbers in (range(0, 9), range(9, 9), range(9, 31)):
    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([None if i % 5 == 3 else uuid.uuid5(uuid.NAMESPACE_DNS, str(i % 11)).bytes for i in numbers], pa.binary(16)))
    at = [None if i % 7 == 2 else datetime.time(i % 24, i, 59 - i, i * 1001 % 1_000_000 if i % 2 else 0) for i in numbers]
    deep = pa.array([None if i % 4 == 0 else {"at": of, "price": decimal.Decimal(i) / 16} for i, of in zip(numbers, at)], pa.struct([("at", pa.time64("us")), ("price", pa.decimal128(30, 10))]))
    append(kinds, n=pa.array(numbers, pa.int64()), id=ids, at=pa.array(at, pa.time64("us")), price=pa.array([decimal.Decimal(i) / 8 for i in numbers], pa.decimal128(20, 3)), deep=deep)
state(kinds, "now")

# The same by others: a partition by a time of day whose files have not the column, and uuids that are to Parquet bytes of 16 alone.
bare = create("bare", (1, "n", LongType()), (2, "at", TimeType()), (3, "id", UUIDType()), (4, "deep", StructType(*optional((5, "id", UUIDType())))), spec=PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "at")))
left = []
for micros, at in ((9 * 3_600_000_000 + 250_000, "09:00:00.25"), (86_399_999_999, "23:59:59.999999"), (None, None)):
    ids = [None if n % 3 == 1 else uuid.uuid5(uuid.NAMESPACE_DNS, f"{at}{n}") for n in range(5)]
    left += [{"n": n, "at": at, "id": id and str(id), "deep": None if n == 4 else {"id": id and str(id)}} for n, id in enumerate(ids)]
    raw = pa.array([id and id.bytes for id in ids], pa.binary(16))
    inside = pa.StructArray.from_arrays([raw], fields=[pa.field("id", pa.binary(16), metadata={"PARQUET:field_id": "5"})], mask=pa.array([n == 4 for n in range(5)]))
    columns = {"n": pa.array(range(5), pa.int64()), "id": raw, "deep": inside}
    with bare.transaction() as transaction:
        with transaction.update_snapshot().fast_append() as producer:
            producer.append_data_file(file_of(bare, f"bare{len(left)}", DataFileContent.DATA, columns, (1, 3, 4), Record(micros)))
state(bare, "now", rows=left)

# A map is there, and what is beside it is read.
mapped = create("mapped", (1, "id", LongType()), (2, "prices", MapType(3, StringType(), 4, DoubleType(), False)), (5, "deep", StructType(*optional((6, "x", LongType()), (7, "of", MapType(8, StringType(), 9, LongType(), False))))))
add(mapped, [{"id": i, "prices": [("a", i / 2)], "deep": {"x": i, "of": [("k", i)]}} for i in range(4)])
state(mapped, "now", selected_fields=("id",))

state(create("empty", (1, "id", LongType()), (2, "name", StringType())), "now")
print(json.dumps(answers))
