"""Prints what pyarrow reads of files, as JSON: types, and rows."""
import json, sys
import pyarrow as pa, pyarrow.ipc as ipc

tables = [ipc.open_file(path).read_all() for path in sys.argv[1:]]
whole = pa.concat_tables(tables)
for table in tables: table.validate(full=True)
print(json.dumps({"schema": {field.name: str(field.type) for field in whole.schema}, "rows": whole.to_pylist()}, default=str))
