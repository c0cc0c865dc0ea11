"""What writing asks of Snowflake and fakesnow leaves out: stages in a store, tables of a session, transactions with numbers, comments.

Faults are told on the standard input: { "pattern": of a statement, "skip": how many of them pass before, "times": how often, and "refuse": [code, message], "lose": what has become
of the statement whose answer is lost ("run", "unsent" or "rollback"), "expired": credentials that open nothing, or "asleep": no warehouse }.
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
            answered[number] = await execute(request, asked, sql if lost == "run" else "ROLLBACK", token)
        return Response("lost", status_code=503)
    answer = await execute(request, asked, sql, token)
    if not asked.get("describeOnly") and sql != "ROLLBACK":
        answered[number] = answer
    return answer


async def execute(request, asked, sql, token):
    def told(names, *rows):
        rowtype = [{"name": name, "type": "text", "nullable": True, "precision": None, "scale": None, "length": 100} for name in names]
        return JSONResponse({"success": True, "code": None, "message": None, "data": {"rowtype": rowtype, "rowset": rows, "queryResultFormat": "json", "total": len(rows)}})

    me = key(token)
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
    if found := re.match(r"COMMENT ON TABLE (\S+) IS '(.*)'$", sql):
        comments[found[1]] = found[2]
        return told(["status"], ["Statement executed successfully."])
    own = sql
    if found := re.match(r"CREATE TABLE IF NOT EXISTS (\S+) \((.*)\) COMMENT = '(.*)'$", sql):
        schema, name = found[1].split(".")[1:]
        if not fake.shared_fs.duck_conn.cursor().execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?", [schema, name.strip('"')]).fetchall():
            comments[found[1]] = found[3]
        own = sql[: sql.rindex(" COMMENT = ")]
    if found := re.match(r"CREATE (?:TEMPORARY )?TABLE (?:IF NOT EXISTS )?(\S+) \((.*)\)", own):
        for name, kind in re.findall(r'("(?:[^"]|"")+"|\w+) ([A-Z_]+(?:\(\d+(?:,\d+)?\))?)', found[2]):
            types[found[1], name.strip('"').replace('""', '"')] = kind
    if found := re.match(r"CREATE TEMPORARY TABLE (\S+)", sql):
        temporary[found[1]] = me
        own = sql.replace(" TEMPORARY", "")
    if found := re.search(r"@([\w.]+) ", sql):
        name = found[1].rsplit(".", 1)[-1]
        objects = os.path.join(store["folder"], store["bucket"], "stages", name)
        if sql.startswith("COPY INTO") and os.path.isdir(objects):
            shutil.copytree(objects, stage.internal_dir(found[1]), dirs_exist_ok=True)
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
    if found := re.match(r'SELECT (?:.*) FROM (\S+)$', sql):
        for info in data["rowtype"]:
            kind = types.get((full(found[1]), info["name"]))
            if kind and (at := re.match(r"(TIMESTAMP_\w+)\((\d)\)", kind)) and info["name"] not in told:
                info.update(type=at[1].lower(), scale=int(at[2]))


def full(name):
    parts = name.upper().split(".")
    return ".".join(["DB", "PUBLIC"][: 3 - len(parts)] + parts)


def as_texts(sql, data):
    rows = pa.ipc.open_stream(base64.b64decode(data["rowsetBase64"])).read_all().to_pylist() if data["rowsetBase64"] else []
    names = [info["name"] for info in data["rowtype"]]
    if found := re.match(r"SHOW OBJECTS LIKE '.*' IN SCHEMA (\S+)", sql):
        for row in rows:
            name = f"{found[1]}.{row['name']}"
            row.update(comment=comments.get(name, ""), rows=fake.shared_fs.duck_conn.cursor().execute(f'SELECT count(*) FROM {found[1]}."{row["name"]}"').fetchone()[0])
    if found := re.match(r"DESCRIBE TABLE (\S+)", sql):
        for row in rows:
            row["type"] = types.get((found[1], row["name"]), row["type"])
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
