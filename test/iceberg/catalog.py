"""A table in a REST catalog, written by PyIceberg: `catalog.py URI S3_ENDPOINT`; the credentials are those of the environment. Prints its rows."""

import json
import os
import sys

import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, StringType

s3 = {"s3.endpoint": sys.argv[2], "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"], "s3.region": "us-east-1"}
catalog = RestCatalog("test", uri=sys.argv[1], **s3)
catalog.create_namespace("sales")
catalog.create_namespace(("sales", "eu"))
for name in ("sales.orders", ("sales", "eu", "orders")):
    table = catalog.create_table(name, Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "name", StringType(), required=False)))
    for part in range(3):
        table.append(pa.table({"id": pa.array(range(part * 100, part * 100 + 100), pa.int64()), "name": [f"n{part}"] * 100}))
    table.delete("id < 50")
print(json.dumps(table.scan().to_arrow().to_pylist()))
