"""What PyIceberg reads of tables: each line of standard input names some, between tabs, a folder or `uri|namespace.table`. Prints a line of JSON: one object a table."""

import datetime
import decimal
import json
import os
import sys

from pyarrow import parquet
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.expressions import EqualTo, GreaterThanOrEqual, IsNull
from pyiceberg.io.pyarrow import compute_statistics_plan, data_file_statistics_from_parquet_metadata, parquet_path_to_id_mapping
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
    if isinstance(of, dict):
        return {name: value(member) for name, member in of.items()}
    if isinstance(of, list):
        return [value(element) for element in of]
    return float(of) if isinstance(of, decimal.Decimal) else of


def statistics(table):
    """Of each data file, what its manifest says and what PyIceberg makes of its footer, by the ids of columns, and elements of lists that have bounds. Of members of structs Java has bounds, PyIceberg none."""
    schema = table.schema()
    elements = {field_id for field_id, name in schema._lazy_id_to_name.items() if ".element" in name}
    columns, paths = compute_statistics_plan(schema, table.metadata.properties), parquet_path_to_id_mapping(schema)
    kinds = ("value_counts", "null_value_counts", "lower_bounds", "upper_bounds")
    known = lambda of: {kind: {str(column): bound.hex() if isinstance(bound, bytes) else bound for column, bound in (of.get(kind) or {}).items()} for kind in kinds}
    for task in table.scan().plan_files():
        with table.io.new_input(task.file.file_path).open() as stream:
            theirs = data_file_statistics_from_parquet_metadata(parquet.read_metadata(stream), columns, paths).to_serialized_dict()
        ours = {kind: getattr(task.file, kind) for kind in theirs}
        yield [known(ours), known(theirs), sorted(elements & set(ours["lower_bounds"]))]


def seen(name):
    table = opened(name)
    rows = lambda **scan: [{key: value(of) for key, of in row.items()} for row in table.scan(**scan).to_arrow().to_pylist()]
    snapshot = table.current_snapshot()
    filters = {"loc.x": GreaterThanOrEqual("loc.x", 60), "id": GreaterThanOrEqual("id", 60), "region": EqualTo("region", "eu"), "null": IsNull("at"), "at": GreaterThanOrEqual("at", "1970-01-02T00:00:00+00:00")}
    return {
        "rows": rows(),
        "filtered": {key: len(rows(row_filter=of)) for key, of in filters.items() if of.term.name in table.schema().column_names},
        "statistics": list(statistics(table)) if snapshot else [],
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
