"""Tables of Iceberg in a folder, written by PyIceberg, and what PyIceberg reads of them: `tables.py FOLDER`.

Prints JSON: table -> { "folder", "states": { name: { "options", "rows" } } }. PyIceberg writes no delete files, so they are made here,
and committed by its own snapshots; of those that list keys, which it does not read either, the answer is written down.
"""

import datetime
import decimal
import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent, ManifestWriterV2
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import (
    BooleanType, DateType, DecimalType, DoubleType, FloatType, IntegerType, ListType, LongType, NestedField, StringType, TimestampType, TimestamptzType,
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
    if isinstance(of, decimal.Decimal):
        return float(of)
    return of


def rows_of(arrow):
    return [{name: value(of) for name, of in row.items()} for row in arrow.to_pylist()]


def state(table, name, options=None, rows=None, **scan):
    """`rows`: where PyIceberg cannot say them."""
    known = answers.setdefault(table.name()[-1], {"folder": table.location().removeprefix("file://"), "states": {}})
    known["states"][name] = {"options": options or {}, "rows": rows if rows is not None else rows_of(table.scan(**scan).to_arrow())}


def create(name, *columns, spec=None):
    fields = [NestedField(id, column, kind, required=False) for id, column, kind in columns]
    return catalog.create_table(f"t.{name}", Schema(*fields), **({"partition_spec": spec} if spec else {}))


def append(table, **columns):
    table.append(pa.table(columns))


class DeleteManifest(ManifestWriterV2):
    def content(self):
        return ManifestContent.DELETES

    @property
    def _meta(self):
        return {**super()._meta, "content": "deletes"}


def delete_file(table, name, content, columns, ids, partition=None, equality=None, bounds=None):
    """Commits one delete file of these columns, whose fields have these ids."""
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

state(create("empty", (1, "id", LongType()), (2, "name", StringType())), "now")
print(json.dumps(answers))
