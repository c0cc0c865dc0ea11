"""Tables of a catalog in PostgreSQL as PyIceberg's SqlCatalog has them: `sqlcatalog.py URI WAREHOUSE` reads lines of `TABLE (look | change | make)`, between tabs, and prints the table's ids, in order."""

import json
import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, StringType

uri, warehouse = sys.argv[1:]
catalog = SqlCatalog("lake", uri=uri, warehouse=warehouse)
rows = lambda *ids: pa.table({"id": pa.array(ids, pa.int64()), "name": [f"p{id}" for id in ids]})
for line in sys.stdin:
    name, does = line.rstrip("\n").split("\t")
    if does == "make":
        catalog.create_namespace_if_not_exists(name.split(".")[0])
        catalog.create_table(name, Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "name", StringType(), required=False)))
    table = catalog.load_table(name)
    if does != "look":
        table.append(rows(1000, 1001))
    if does == "change":
        table.delete("id = 1")
    print(json.dumps(sorted(table.scan().to_arrow()["id"].to_pylist())), flush=True)
