# All rows of the table "orders" as Arrow, and its sums: postgres_adbc.py STREAMS, each a process with a range of blocks of its own.
import json, multiprocessing, os, sys, time
import adbc_driver_postgresql.dbapi as adbc
import pyarrow.compute as pc

def read(where):
    with adbc.connect(f"postgresql://{os.environ['PGUSER']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}/{os.environ['PGDATABASE']}") as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT id, customer, name, weight, price, placed, paid FROM orders {where}")
        rows = cursor.fetch_arrow_table()
    largest = [pc.max(rows[name]).as_py() for name in ("customer", "name", "paid")]
    return [rows.num_rows, *(pc.sum(rows[name]).as_py() for name in ("id", "weight", "price")), pc.min(rows["placed"]).as_py(), *largest]

def blocks():
    with adbc.connect(f"postgresql://{os.environ['PGUSER']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}/{os.environ['PGDATABASE']}") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size('orders') / 8192")
        return cursor.fetchone()[0]

if __name__ == "__main__":
    streams = int(sys.argv[1])
    print(json.dumps({"started": time.time()}), flush=True)
    if streams == 1:
        parts = [read("")]
    else:
        ends = [blocks() * i // streams for i in range(streams)] + [2**32 - 1]
        with multiprocessing.Pool(streams) as pool:
            parts = pool.map(read, [f"WHERE ctid >= '({a},0)' AND ctid < '({b},0)'" for a, b in zip(ends, ends[1:])])
    print(json.dumps({"answer": sum(part[0] for part in parts)}))
