"""What writing asks of Snowflake and fakesnow leaves out: stages in a store, tables of a session, transactions with numbers, comments.

Faults are told on the standard input: { "pattern": of a statement, "skip": how many of them pass before, "times": how often, and "refuse": [code, message], "lose": what has become
of the statement whose answer is lost ("run", "unsent" or "rollback"), "expired": credentials that open nothing, "asleep": no warehouse, or "comment": what another writes on all tables that are not filled yet }.
"""
import base64
import gzip
import json
import os
import re
import shutil
import time
from itertools import count

import fakesnow.server as fake
import pyarrow as pa
import sqlglot
from fakesnow.transforms import stage
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

NAME = r'(?:"(?:[^"]|"")+"|\w+)(?:\.(?:"(?:[^"]|"")+"|\w+))*'
store = None
faults = []
comments = {}
# Of columns that were made here: Snowflake's type, which fakesnow forgets.
types = {}
temporary = {}
transactions, running, numbers = {}, {}, count(1_700_000_000_000)
answered = {}


def fault(sql, kind):
    for one in faults:
        if kind in one and one["times"] > 0 and re.search(one["pattern"], sql):
            if one.get("skip", 0) > 0:
                one["skip"] -= 1
                continue
            one["times"] -= 1
            return one[kind]
    return None


def plain(name):
    """A name in quotes as it is without them; those of statements are whole."""
    return ".".join(part[1:-1].replace('""', '"') if part[0] == '"' else part.upper() for part in re.findall(r'"(?:[^"]|"")+"|\w+', name))


def key(token):
    return token.removesuffix("-renewed")


async def run(request, asked, sql, token, refusal):
    """A statement's answer, or a Response that is none."""
    number = request.query_params.get("requestId")
    if number in answered:
        lost = fault(sql, "lose")
        return Response("lost", status_code=503) if lost else answered[number]
    if refuse := fault(sql, "refuse"):
        return refusal(*refuse)
    if lost := fault(sql, "lose"):
        if lost != "unsent":
            answered[number] = await execute(request, asked, sql if lost == "run" else "ROLLBACK", token, refusal)
        return Response("lost", status_code=503)
    answer = await execute(request, asked, sql, token, refusal)
    if not asked.get("describeOnly") and sql != "ROLLBACK":
        answered[number] = answer
    return answer


def exists(name):
    schema, table = plain(name).split(".")[1:]
    return bool(fake.shared_fs.duck_conn.cursor().execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?", [schema, table]).fetchall())


async def execute(request, asked, sql, token, refusal):
    def told(names, *rows):
        rowtype = [{"name": name, "type": "text", "nullable": True, "precision": None, "scale": None, "length": 100} for name in names]
        return JSONResponse({"success": True, "code": None, "message": None, "data": {"rowtype": rowtype, "rowset": rows, "queryResultFormat": "json", "total": len(rows)}})

    # To fakesnow's COPY a schema has no name in quotes, and that of a temporary table is no matter.
    sql = re.sub(r'(?:"(?:[^"]|"")+"\.){2}(?=LOCKSTEP_STAGE_)', "DB.PUBLIC.", sql)
    sql = re.sub(r"'(@DB\.PUBLIC\.LOCKSTEP_STAGE_\w+)'", r"\1", sql)
    me = key(token)
    if not asked.get("describeOnly") and (comment := fault(sql, "comment")) is not None:
        comments.update((name, comment) for name, old in comments.items() if old.startswith("Lockstep:"))
    if asked.get("describeOnly") and not re.match(r"\s*(SELECT|WITH|TABLE|VALUES|\()", sql, re.I):
        # fakesnow would run it.
        return told(["number of rows"])
    if sql == "SELECT CURRENT_TRANSACTION()":
        return told(["CURRENT_TRANSACTION()"], [str(running[me])] if me in running else [None])
    if found := re.fullmatch(r"DESCRIBE TRANSACTION (\d+)", sql):
        return told(["id", "user", "session", "started_on", "state", "ended_on"], [found[1], "ann", "1", "", transactions[int(found[1])], ""])
    if sql == "SELECT CURRENT_DATABASE(), CURRENT_SCHEMA(), CURRENT_WAREHOUSE()":
        connection = fake.sessions[token]
        return told(["D", "S", "W"], [connection.database, connection.schema, None if fault(sql, "asleep") else "LOADS"])
    if sql == "BEGIN TRANSACTION":
        running[me] = next(numbers)
        transactions[running[me]] = "running"
    if sql in ("COMMIT", "ROLLBACK"):
        if me not in running:
            # As Snowflake has it, of no consequence.
            return told(["status"], ["Statement executed successfully."])
        transactions[running.pop(me)] = "committed" if sql == "COMMIT" else "rolled back"
    if sql.startswith("MERGE"):
        # fakesnow's own begins a transaction in another database.
        def merge():
            connection = fake.sessions[token]._duck_conn
            changed = connection.execute(sqlglot.transpile(sql, read="snowflake", write="duckdb")[0].replace("AS VARIANT)", "AS JSON)")).fetchall()[0][0]
            return told(["number of rows inserted"], [str(changed)])

        return await run_in_threadpool(merge)
    if "TYPEOF(" in sql:
        # DuckDB's TYPEOF says JSON of all.
        def kinds():
            own = re.sub(r"TYPEOF\(TRY_PARSE_JSON\((\w+)\)\)", r"CASE WHEN json_valid(\1) THEN json_type(\1) END", sql)
            counts = fake.sessions[token]._duck_conn.execute(own).fetchall()[0]
            return told([f"COUNT{at}" for at in range(len(counts))], [str(count) for count in counts])

        return await run_in_threadpool(kinds)
    if found := re.match(rf"COMMENT ON TABLE ({NAME}) IS '(.*)'$", sql):
        comments[plain(found[1])] = found[2]
        return told(["status"], ["Statement executed successfully."])
    own = sql
    if found := re.match(rf"CREATE (OR REPLACE )?TABLE (IF NOT EXISTS )?({NAME}) \((.*)\) COMMENT = '(.*)'$", sql):
        isThere = exists(found[3])
        if isThere and not found[1] and not found[2]:
            return refusal("002002", f"SQL compilation error: Object '{plain(found[3])}' already exists.")
        if found[1] or not isThere:
            comments[plain(found[3])] = found[5]
        own = sql[: sql.rindex(" COMMENT = ")]
    if found := re.match(rf"CREATE (?:OR REPLACE )?(?:TEMPORARY )?TABLE (?:IF NOT EXISTS )?({NAME}) \((.*)\)", own):
        for name, kind in re.findall(r'("(?:[^"]|"")+"|\w+) ([A-Z_]+(?:\(\d+(?:,\d+)?\))?)', found[2]):
            types[plain(found[1]), name.strip('"').replace('""', '"')] = kind
    if found := re.match(rf"CREATE TEMPORARY TABLE ({NAME})", sql):
        temporary[found[1]] = me
        own = sql.replace(" TEMPORARY", "")
    if sql.startswith("COPY INTO") and not ("NULL_IF = ()" in sql and "TRIM_SPACE = FALSE" in sql):
        return refusal("001003", "SQL compilation error: without NULL_IF the text \\N is null here")
    if found := re.search(r"@DB\.PUBLIC\.(\w+)", sql):
        name = found[1]
        if sql.startswith("COPY INTO"):
            objects = os.path.join(store["folder"], store["bucket"], "stages", name)
            if os.path.isdir(objects):
                shutil.copytree(objects, stage.internal_dir(found[0][1:]), dirs_exist_ok=True)
            own = own.replace(" TRIM_SPACE = FALSE NULL_IF = ()", "")
    if own != asked["sqlText"]:
        body = json.dumps({**asked, "sqlText": own}).encode()
        request._body = gzip.compress(body) if request.headers.get("content-encoding") == "gzip" else body
    answer = await fake.query_request(request)
    if not sql.startswith("PUT"):
        return answer
    said = json.loads(answer.body)
    if said["success"]:
        wrong = fault(sql, "expired")
        said["data"]["stageInfo"] = {
            "locationType": "S3", "location": f"{store['bucket']}/stages/{name}/", "region": "us-east-1", "endPoint": store["endpoint"], "isClientSideEncrypted": False,
            "creds": {"AWS_KEY_ID": store["key"], "AWS_SECRET_KEY": "wrong" if wrong else store["secret"], "AWS_TOKEN": ""},
        }
    return JSONResponse(said)


def described(sql, data, told):
    """A column's type as it was made."""
    if found := re.match(rf'SELECT (?:.*) FROM ({NAME})$', sql):
        for info in data["rowtype"]:
            kind = types.get((full(found[1]), info["name"]))
            if kind and (at := re.match(r"(TIMESTAMP_\w+)\((\d)\)", kind)) and info["name"] not in told:
                info.update(type=at[1].lower(), scale=int(at[2]))


def full(name):
    parts = plain(name).split(".")
    return ".".join(["DB", "PUBLIC"][: 3 - len(parts)] + parts)


def as_texts(sql, data, told):
    rows = pa.ipc.open_stream(base64.b64decode(data["rowsetBase64"])).read_all().to_pylist() if data["rowsetBase64"] else []
    names = [info["name"] for info in data["rowtype"]]
    if found := re.match(rf"SHOW OBJECTS LIKE '.*' IN SCHEMA ({NAME})", sql):
        for row in rows:
            name = f"{plain(found[1])}.{row['name']}"
            row.update(comment=comments.get(name, ""), rows=fake.shared_fs.duck_conn.cursor().execute(f'SELECT count(*) FROM {found[1]}."{row["name"]}"').fetchone()[0])
    if found := re.match(rf"DESCRIBE TABLE ({NAME})", sql):
        for row in rows:
            kind = "ARRAY" if told.get(row["name"], {}).get("type") == "array" else row["type"]
            row["type"] = types.get((plain(found[1]), row["name"]), kind)
    # Names that come twice have no use here.
    data.update(queryResultFormat="json", rowset=[[None if row[name] is None else str(row[name]) for name in names] for row in rows])
    del data["rowsetBase64"]


async def session(request):
    """What is temporary ends with its session, and what it has not committed."""
    token = fake.to_token(request)
    if request.query_params.get("delete") and token in fake.sessions:
        end(token)
    return await fake.session(request)


def end(token):
    me, connection = key(token), fake.sessions[token]._duck_conn
    if me in running:
        transactions[running.pop(me)] = "rolled back"
        connection.execute("ROLLBACK")
    for name in [name for name, owner in temporary.items() if owner == me]:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
        del temporary[name]
        if store:
            shutil.rmtree(os.path.join(store["folder"], store["bucket"], "stages", name.rsplit(".", 1)[-1]), ignore_errors=True)


def abandon():
    for token in list(fake.sessions):
        # Its last statement may still run.
        for attempt in range(200):
            try:
                end(token)
                break
            except Exception:
                time.sleep(0.05)
        del fake.sessions[token]
