"""Tables of Iceberg in buckets, written by PyIceberg, and which of their files it reads for a filter: `buckets.py FOLDER`.

Prints JSON: table -> { "folder", "files": all of them, "planned": { filter: those that are read } }.
"""

import datetime
import decimal
import json
import pathlib
import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import And, EqualTo, GreaterThan, In, NotEqualTo, Or
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, IdentityTransform
from pyiceberg.types import DateType, DecimalType, IntegerType, LongType, NestedField, StringType, TimestamptzType

folder = pathlib.Path(sys.argv[1]).resolve()
folder.mkdir(parents=True, exist_ok=True)
catalog = SqlCatalog("test", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
catalog.create_namespace("t")
answers = {}

DAY = datetime.datetime(2017, 11, 16, tzinfo=datetime.timezone.utc)
day = lambda number: DAY + datetime.timedelta(days=number)
# Without order, so that bounds leave out next to nothing.
keys = [row * 37 % 64 for row in range(64)]


def table(name, kind, arrow, value, **filters):
    """`value`: of a number from 0 to 63; of each there is a row, and three more are null."""
    spec = PartitionSpec(PartitionField(2, 1000, BucketTransform(8), "key_bucket"))
    created = catalog.create_table(f"t.{name}", Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "key", kind, required=False)), partition_spec=spec)
    created.append(pa.table({"id": pa.array(list(range(67)), pa.int64()), "key": pa.array([value(key) for key in keys] + [None] * 3, arrow)}))
    planned = lambda row_filter: sorted(task.file.file_path.removeprefix("file://") for task in created.scan(**({"row_filter": row_filter} if row_filter else {})).plan_files())
    answers[name] = {"folder": created.location().removeprefix("file://"), "files": planned(None), "planned": {key: planned(of) for key, of in filters.items()}}


table(
    "longs", LongType(), pa.int64(), lambda key: key,
    longIs=EqualTo("key", 34), longIn=In("key", [34, 5]), longEither=Or(EqualTo("key", 34), EqualTo("key", 5)), longAnd=And(EqualTo("key", 34), GreaterThan("id", -1)),
    longIsNot=NotEqualTo("key", 34), longAbove=GreaterThan("key", 5),
)
table("integers", IntegerType(), pa.int32(), lambda key: key, integerIs=EqualTo("key", 34))
table("texts", StringType(), pa.string(), lambda key: f"key {key} ü", textIs=EqualTo("key", "key 34 ü"), textIn=In("key", ["key 34 ü", "key 5 ü"]))
table("days", DateType(), pa.date32(), lambda key: day(key).date(), dayIs=EqualTo("key", day(34).date().isoformat()))
table("times", TimestamptzType(), pa.timestamp("us", tz="UTC"), lambda key: day(key), timeIs=EqualTo("key", day(34).isoformat()))
table("prices", DecimalType(9, 2), pa.decimal128(9, 2), lambda key: decimal.Decimal(key) + decimal.Decimal("0.25"), priceIs=EqualTo("key", decimal.Decimal("34.25")))

# Values of more bytes than an int64 has, which files and their partition have both.
bigs = catalog.create_table("t.bigs", Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "key", DecimalType(25, 2), required=False)), partition_spec=PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "key")))
bigs.append(pa.table({"id": pa.array([1, 2, 3, 4], pa.int64()), "key": pa.array([decimal.Decimal("123456789012345678901.25"), decimal.Decimal("-123456789012345678901.25"), decimal.Decimal("0.25"), None], pa.decimal128(25, 2))}))
answers["bigs"] = {"folder": bigs.location().removeprefix("file://"), "files": [], "planned": {}}

print(json.dumps(answers))
