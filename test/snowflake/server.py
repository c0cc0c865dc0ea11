"""Snowflake on this machine, over fakesnow: with what that leaves out, results in chunks as Snowflake encodes them.

Whole numbers come as the smallest integers that hold a chunk's values, instants as scaled integers or structs. What is asked is printed, a
line of JSON each. A comment in a query says what is to go wrong.
"""
import argparse
import asyncio
import base64
import gzip
import json
import sys
import threading

import fakesnow.server as fake
import pyarrow as pa
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import writing

parser = argparse.ArgumentParser()
parser.add_argument("--statements", help="a file of JSON, statements of DuckDB that make the tables; beside it, in .pub, the public key of a login")
parser.add_argument("--inline", type=int, default=100, help="rows that come with the answer")
parser.add_argument("--rows", type=int, default=600, help="rows of a chunk")
parser.add_argument("--columns", default="{}", help="JSON: name -> { type, scale } that a column is told to have")
parser.add_argument("--stage", help="JSON: where files of a PUT go, { endpoint, bucket, folder, key, secret }, an S3 whose objects are files below a folder")
options = parser.parse_args()
told = json.loads(options.columns)
writing.store = options.stage and json.loads(options.stage)
# What logs in: SECRET is what the test plants.
SECRET = "planted/Secret+4711"
printing = threading.Lock()
chunks, waiting, tries = {}, {}, {}
expired = set()
renewals = {}


def note(**what):
    with printing:
        print(json.dumps(what), flush=True)


def smallest(values):
    """Unscaled integers as a chunk has them."""
    for bits, kind in ((7, pa.int8()), (15, pa.int16()), (31, pa.int32()), (63, pa.int64())):
        if all(value is None or -(1 << bits) <= value < 1 << bits for value in values):
            return pa.array(values, kind)
    return None


def encoded(column, info):
    """A column of fakesnow's as Snowflake has it."""
    kind, scale = info["type"], info["scale"] or 0
    values = column.to_pylist()
    if kind == "fixed":
        unscaled = [None if value is None else int(value.scaleb(scale)) if scale else int(value) for value in values]
        array = smallest(unscaled)
        return array if array is not None else pa.array([None if v is None else v for v in values], pa.decimal128(38, scale))
    if kind == "time":
        ticks = [None if value is None else value // 10 ** (9 - scale) for value in values]
        return pa.array(ticks, pa.int64() if scale > 4 else pa.int32())
    if kind.startswith("timestamp"):
        whole = [None if v is None or v["epoch"] is None else v["epoch"] * 10**9 + v["fraction"] for v in values]
        ticks = [None if v is None else v // 10 ** (9 - scale) for v in whole]
        zone = kind == "timestamp_tz"
        if scale <= 7 and not zone:
            return pa.array(ticks, pa.int64())
        if zone and scale <= 3:
            fields = [pa.field("epoch", pa.int64()), pa.field("timezone", pa.int32())]
            return pa.array([None if v is None else {"epoch": v, "timezone": 1440 + 120} for v in ticks], pa.struct(fields))
        fields = [pa.field("epoch", pa.int64()), pa.field("fraction", pa.int32())] + ([pa.field("timezone", pa.int32())] if zone else [])
        part = lambda v: {"epoch": v // 10**9, "fraction": v % 10**9, **({"timezone": 1440 - 330} if zone else {})}
        return pa.array([None if v is None else part(v) for v in whole], pa.struct(fields))
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def stream(rows, rowtype):
    arrays = [encoded(rows.column(place), info) for place, info in enumerate(rowtype)]
    arrays = [array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array for array in arrays]
    metadata = lambda info: {"logicalType": info["type"].upper(), "precision": str(info["precision"] or 38), "scale": str(info["scale"] or 0), "charLength": str(info["length"] or 0), "byteLength": "8" if (info["scale"] or 0) <= 3 else "16"}
    schema = pa.schema([pa.field(info["name"], array.type, metadata=metadata(info)) for info, array in zip(rowtype, arrays)])
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, schema) as writer:
        batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
        # More than one message.
        for start in range(0, batch.num_rows, 400):
            writer.write_batch(batch.slice(start, 400))
    return out.getvalue().to_pybytes()


async def body_of(request):
    body = await request.body()
    return json.loads(gzip.decompress(body) if request.headers.get("content-encoding") == "gzip" else body)


def refusal(code, message, status=200):
    return JSONResponse({"data": None, "code": code, "message": message, "success": False}, status_code=status)


def claims(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


async def login(request):
    body = await body_of(request)
    data = body["data"]
    data.setdefault("SESSION_PARAMETERS", {})
    how = data.get("AUTHENTICATOR", "SNOWFLAKE").upper()
    note(login=how, parameters=data["SESSION_PARAMETERS"], user=data.get("LOGIN_NAME"), account=data["ACCOUNT_NAME"], query={k: v for k, v in request.query_params.items() if "equest" not in k and k != "retryCount"})
    if how == "SNOWFLAKE_JWT":
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives import hashes, serialization

        key = serialization.load_pem_public_key(open(options.statements + ".pub", "rb").read())
        head, said, signature = data["TOKEN"].split(".")
        pad = lambda text: base64.urlsafe_b64decode(text + "==")
        try:
            key.verify(pad(signature), f"{head}.{said}".encode(), padding.PKCS1v15(), hashes.SHA256())
        except Exception:
            return refusal("390144", "JWT token is invalid.")
        import hashlib

        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        subject = f"{data['ACCOUNT_NAME']}.{data['LOGIN_NAME'].upper()}"
        if claims(data["TOKEN"])["iss"] != f"{subject}.SHA256:{base64.b64encode(hashlib.sha256(der).digest()).decode()}":
            return refusal("390144", "JWT token is invalid.")
    elif how in ("OAUTH", "PROGRAMMATIC_ACCESS_TOKEN"):
        if data["TOKEN"] != SECRET:
            return refusal("390303", "Invalid OAuth access token.")
    elif data.get("PASSWORD") != SECRET:
        return refusal("390100", "Incorrect username or password was specified.")
    raw = json.dumps(body).encode()
    request._body = gzip.compress(raw) if request.headers.get("content-encoding") == "gzip" else raw
    answer = json.loads((await fake.login_request(request)).body)
    answer["data"].update(masterToken="m-" + answer["data"]["token"], validityInSeconds=3600, masterValidityInSeconds=14400, sessionId=1)
    return JSONResponse(answer)


async def renew(request):
    old = (await body_of(request))["oldSessionToken"]
    if fake.to_token(request) != "m-" + old:
        return refusal("390114", "Authentication token has expired. The user must authenticate again.")
    note(renewed=True)
    token = old + "-renewed"
    fake.sessions[token] = fake.sessions[old]
    return JSONResponse({"success": True, "data": {"sessionToken": token, "masterToken": "m-" + token}})


def again(request, key, times):
    """Whether it is one of the first so many that are made of this."""
    tries[key] = tries.get(key, 0) + 1
    return tries[key] <= times


async def query(request):
    asked = await body_of(request)
    sql = asked["sqlText"]
    token = fake.to_token(request)
    describing = bool(asked.get("describeOnly"))
    if again(request, ("first", request.query_params.get("requestId")), 1):
        note(asked=sql, describing=describing)
    if "/* expires */" in sql and not token.endswith("-renewed"):
        return refusal("390112", "Session token has expired.")
    if "/* busy */" in sql and again(request, sql + str(describing), 2):
        return Response("busy", status_code=503)
    if "/* forbidden */" in sql:
        return refusal("003001", "SQL access control error: Insufficient privileges to operate on table 'ORDERS'")
    if "/* asleep */" in sql:
        return refusal("000606", "No active warehouse selected in the current session.")
    answered = await writing.run(request, asked, sql, token, refusal)
    answer = json.loads(answered.body) if answered.headers.get("content-type") == "application/json" else {"success": False}
    data = answer.get("data") or {}
    if not answer["success"] or "rowtype" not in data:
        return answered
    for info in data["rowtype"]:
        info.update(told.get(info["name"], {}))
    writing.described(sql, data, told)
    if data.get("queryResultFormat") == "arrow" and not describing:
        if asked.get("parameters", {}).get("GO_QUERY_RESULT_FORMAT") == "JSON":
            writing.as_texts(sql, data, told)
        else:
            chunked(request, sql, data)
    if "/* slow */" in sql and not describing:
        waiting[data["queryId"]] = [2, answer]
        place = f"/queries/{data['queryId']}/result"
        return JSONResponse({"success": True, "code": "333334", "message": "in progress", "data": {"queryId": data["queryId"], "getResultUrl": place}})
    return JSONResponse(answer, status_code=answered.status_code)


def chunked(request, sql, data):
    text, rowtype = data["rowsetBase64"], data["rowtype"]
    if not text:
        return
    rows = pa.ipc.open_stream(base64.b64decode(text)).read_all()
    inline = rows.num_rows if "/* inline */" in sql else 0 if "/* later */" in sql else options.inline
    data["rowsetBase64"] = base64.b64encode(stream(rows.slice(0, inline), rowtype)).decode() if inline else ""
    data["returned"] = data["total"] = rows.num_rows
    found = []
    for number, start in enumerate(range(inline, rows.num_rows, options.rows)):
        part = rows.slice(start, options.rows)
        plain = stream(part, rowtype)
        name = f"{data['queryId']}/{number}"
        chunks[name] = (sql, number, gzip.compress(plain, 1))
        # One too many, and one too few: their sum is right.
        count = part.num_rows + ("/* counts */" in sql) * {0: 1, 1: -1}.get(number, 0)
        found.append({"url": f"{request.url.scheme}://{request.url.netloc}/results/{name}?signature=planted-signature", "rowCount": count, "uncompressedSize": len(plain), "compressedSize": len(chunks[name][2])})
    if found:
        data.update(chunks=found, qrmk="planted-key", chunkHeaders={"x-test-header": "planted-header"})


async def result(request):
    entry = waiting[request.path_params["query"]]
    entry[0] -= 1
    note(polled=True)
    if entry[0] > 0:
        return JSONResponse({"success": True, "code": "333333", "message": "in progress", "data": {"getResultUrl": str(request.url.path)}})
    return JSONResponse(entry[1])


reading = 0


async def chunk(request):
    global reading
    name = f"{request.path_params['query']}/{request.path_params['number']}"
    sql, number, packed = chunks[name]
    if request.headers.get("x-test-header") != "planted-header" or request.query_params.get("signature") != "planted-signature":
        return Response(status_code=403)
    reading += 1
    note(chunk=number, reading=reading)
    try:
        await asyncio.sleep(0.002)
        headers = {"Content-Encoding": "gzip"} if number % 2 else {}
        if "/* flaky */" in sql and again(request, name, 2):
            return Response("busy", status_code=503)
        if "/* gone */" in sql and number == 1:
            return Response(status_code=403)
        if "/* down */" in sql and number == 1:
            return Response(status_code=503)
        cut = "/* cut */" in sql and number == 1 and again(request, name, 1) or "/* always cut */" in sql and number == 1
        if cut:
            # Fewer bytes than are promised.
            async def some():
                yield packed[: len(packed) // 2]
                raise ConnectionResetError

            return StreamingResponse(some(), headers={**headers, "content-length": str(len(packed))})
        if ("/* damaged */" in sql or '"spoilt"' in sql) and number == 1:
            return Response(packed[: len(packed) // 2])
        return Response(packed, headers=headers)
    finally:
        reading -= 1


def obey():
    """Runs the statements that come, a line of JSON each."""
    connection = fake.shared_fs.duck_conn.cursor()
    for line in sys.stdin:
        try:
            said = json.loads(line)
            if isinstance(said, dict):
                writing.faults[:] = [said] if said["times"] > 0 else []
                if said.get("abandon"):
                    writing.abandon()
                note(done="", rows=[])
                continue
            rows = []
            for statement in said:
                rows = connection.execute(statement).fetchall()
            note(done="", rows=[[None if value is None else str(value) for value in row] for row in rows])
        except Exception as error:
            note(done=str(error) or repr(error))


# Makes the database.
fake.shared_fs.connect("DB", "PUBLIC")
setup = fake.shared_fs.duck_conn.cursor()
setup.execute("SET GLOBAL TimeZone = 'UTC'; SET threads = 2")
for statement in json.load(open(options.statements)):
    setup.execute(statement)
over = {"/session": writing.session, "/session/v1/login-request": login, "/queries/v1/query-request": query, "/session/token-request": renew}
routes = [Route(path, of, methods=["POST"]) for path, of in over.items()]
routes += [Route("/results/{query}/{number}", chunk), Route("/queries/{query}/result", result)]
routes += [route for route in fake.routes if route.path not in over]


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        note(port=self.servers[0].sockets[0].getsockname()[1])


threading.Thread(target=obey, daemon=True).start()
Server(uvicorn.Config(Starlette(routes=routes), host="127.0.0.1", port=0, log_level="error", lifespan="off")).run()
