"""What PyIceberg reads of tables: each line of standard input names some, between tabs, a folder or `uri|namespace.table`. Prints a line of JSON: one object a table."""

import datetime
import decimal
import json
import os
import sys

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.expressions import EqualTo, GreaterThanOrEqual, IsNull
from pyiceberg.table import StaticTable


def opened(name):
    if "|" not in name:
        return StaticTable.from_metadata(name)
    uri, table = name.split("|")
    s3 = {"s3.endpoint": os.environ["AWS_ENDPOINT_URL"], "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"], "s3.region": "us-east-1"}
    return RestCatalog("test", uri=uri, **s3).load_table(table)


def value(of):
    if isinstance(of, datetime.datetime):
        return int(of.timestamp() * 1000)
    return float(of) if isinstance(of, decimal.Decimal) else of


def seen(name):
    table = opened(name)
    rows = lambda **scan: [{key: value(of) for key, of in row.items()} for row in table.scan(**scan).to_arrow().to_pylist()]
    snapshot = table.current_snapshot()
    filters = {"id": GreaterThanOrEqual("id", 60), "region": EqualTo("region", "eu"), "null": IsNull("at"), "at": GreaterThanOrEqual("at", "1970-01-02T00:00:00+00:00")}
    return {
        "rows": rows(),
        "filtered": {key: len(rows(row_filter=of)) for key, of in filters.items() if of.term.name in table.schema().column_names},
        "planned": len(list(table.scan(row_filter=GreaterThanOrEqual("id", 60)).plan_files())),
        "schema": str(table.schema().as_struct()),
        "spec": [str(field) for field in table.spec().fields],
        "operations": [one.summary.operation.value for one in table.metadata.snapshots],
        "summary": snapshot and {key: of for key, of in snapshot.summary.additional_properties.items()},
        # Of more than these, all of them would be read as often.
        "snapshots": [len(rows(snapshot_id=one.snapshot_id)) for one in table.metadata.snapshots] if len(table.metadata.snapshots) < 50 else [],
    }


for line in sys.stdin:
    print(json.dumps([seen(name) for name in line.rstrip("\n").split("\t")]), flush=True)
