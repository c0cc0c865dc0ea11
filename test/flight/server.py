"""A server of Arrow Flight SQL over DuckDB: the rows of a query stand at several endpoints, by ranges.

It answers what a client of queries needs: GetFlightInfo for a CommandStatementQuery, DoGet, Handshake. What it is asked it prints, a line of
JSON each. A comment in a query says what is to go wrong.
"""
import argparse
import json
import sys
import threading
import time
import uuid

import duckdb
import pyarrow as pa
from pyarrow import flight

parser = argparse.ArgumentParser()
parser.add_argument("--tables", help="a file of SQL that makes them")
parser.add_argument("--endpoints", type=int, default=5)
parser.add_argument("--token")
parser.add_argument("--password", help="user:password, for which a handshake gives the token")
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--elsewhere", action="store_true", help="the odd endpoints are at another port of it")
options = parser.parse_args()


printing = threading.Lock()


def note(**what):
    # Of several threads, a line each.
    with printing:
        print(json.dumps(what), flush=True)


def fields(message):
    """The fields of a protobuf message that have a length: number -> bytes."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        length = varint()
        if key & 7 == 2:
            found[key >> 3] = message[at : at + length]
            at += length
    return found


def query_of(command):
    message = fields(command)
    assert message[1] == b"type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery", message[1]
    return fields(message[2])[1].decode()


class Login(flight.ServerMiddlewareFactory):
    def start_call(self, info, headers):
        if options.token is None:
            return None
        said = headers.get("authorization", [""])[0]
        if said == f"Bearer {options.token}":
            return None
        if options.password is not None and info.method == flight.FlightMethod.HANDSHAKE:
            import base64

            if said == "Basic " + base64.b64encode(options.password.encode()).decode():
                return Answer()
        raise flight.FlightUnauthenticatedError("the login is not one of this server's")


class Answer(flight.ServerMiddleware):
    def sending_headers(self):
        return {"authorization": f"Bearer {options.token}"}


class Anyone(flight.ServerAuthHandler):
    def authenticate(self, outgoing, incoming):
        pass

    def is_valid(self, token):
        return ""


database = duckdb.connect()
database.execute("SET GLOBAL TimeZone = 'UTC'; SET threads = 2")
if options.tables:
    database.execute(open(options.tables).read())
lock = threading.Lock()
results = {}
reading = 0


class Server(flight.FlightServerBase):
    def get_flight_info(self, context, descriptor):
        sql = query_of(descriptor.command)
        note(asked=sql)
        try:
            rows = database.cursor().execute(sql).to_arrow_table()
        except duckdb.CatalogException as error:
            raise KeyError(str(error).split("\n")[0])
        except duckdb.Error as error:
            raise ValueError(str(error).split("\n")[0])
        if "/* forbidden */" in sql:
            raise flight.FlightUnauthorizedError("the table is another's")
        name = uuid.uuid4().hex
        results[name] = (sql, rows)
        count = 0 if "/* nowhere */" in sql else options.endpoints
        bounds = [rows.num_rows * part // max(count, 1) for part in range(count + 1)]
        endpoints = []
        for part in range(count):
            ticket = json.dumps({"name": name, "part": part, "from": bounds[part], "to": bounds[part + 1]})
            places = ["grpc://nowhere", elsewhere] if options.elsewhere and part % 2 else []
            endpoints.append(flight.FlightEndpoint(ticket, places))
        return flight.FlightInfo(rows.schema, descriptor, endpoints, rows.num_rows, -1)

    def do_get(self, context, ticket):
        asked = json.loads(ticket.ticket)
        if asked["name"] not in results:
            raise KeyError("no such ticket")
        sql, rows = results[asked["name"]]
        part = rows.slice(asked["from"], asked["to"] - asked["from"])
        if "/* expired */" in sql:
            raise KeyError("the ticket has expired")
        if "/* other */" in sql and asked["part"] == 1:
            part = part.cast(pa.schema([pa.field(field.name, pa.string()) for field in part.schema]))
        return flight.RecordBatchStream(pa.RecordBatchReader.from_batches(part.schema, self.batches(sql, part, asked["part"])))

    def batches(self, sql, part, number):
        global reading
        with lock:
            reading += 1
            note(reading=reading, port=self.port)
        try:
            for index, batch in enumerate(part.to_batches(max_chunksize=700)):
                if "/* broken */" in sql and number == 1 and index == 1:
                    raise flight.FlightInternalError("a disk of the server is gone")
                if "/* stuck */" in sql and index == 1:
                    note(stuck=number)
                    time.sleep(3600)
                yield batch
        finally:
            with lock:
                reading -= 1


def serve():
    scheme = "grpc+tls" if options.certificate else "grpc"
    encrypted = {"tls_certificates": [(open(options.certificate).read(), open(options.key).read())]} if options.certificate else {}
    login = {"auth_handler": Anyone(), "middleware": {"login": Login()}} if options.token else {}
    return Server(f"{scheme}://127.0.0.1:0", **encrypted, **login), scheme


server, scheme = serve()
other, _ = serve()
elsewhere = f"{scheme}://127.0.0.1:{other.port}"
note(port=server.port, other=other.port)


def obey():
    """Runs the statements that come, a line of JSON each."""
    for line in sys.stdin:
        try:
            database.cursor().execute(json.loads(line))
            note(done="")
        except duckdb.Error as error:
            note(done=str(error))


threading.Thread(target=obey, daemon=True).start()
threading.Thread(target=other.serve, daemon=True).start()
server.serve()
