# A question in DuckDB's SQL: questions_duckdb.py QUESTIONS.sql QUESTION DATA OUT THREADS [MEMORY]   (DATA: a file, which is T, or a folder of tables)
import os, re, sys, tempfile
import duckdb

questions, question, data, out, threads, *memory = sys.argv[1:]
db = duckdb.connect()
db.execute(f"set threads={threads}")
if memory:
    db.execute(f"set memory_limit='{memory[0]}'")
    spilled = tempfile.TemporaryDirectory()
    db.execute(f"set temp_directory='{spilled.name}'")
files = {"T": data} if data.endswith(".parquet") else {name.removesuffix(".parquet"): f"{data}/{name}" for name in os.listdir(data)}
for name, file in files.items():
    db.execute(f"create view {name} as from '{file}'")
if questions.endswith("udf.sql"):
    import udf
    for function in (udf.check_digit, udf.steps, udf.instalments):
        db.create_function(function.__name__, function)
with open(questions) as text:
    sql = dict(re.findall(r"^-- (\w+)\n(.*?)(?=^-- |\Z)", text.read(), re.S | re.M))[question]
os.makedirs(out, exist_ok=True)
db.execute(f"copy ({sql}) to '{out}/part-00000.parquet' (format parquet, compression snappy, row_group_size 1048576)")
