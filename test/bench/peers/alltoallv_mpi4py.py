"""MPI by itself, as `native-rs/crates/comm/examples/measure.rs` measures ours: a line of JSON a case.

Barriers in microseconds; MPI_Alltoallv of parts of so many bytes for each other rank in gigabytes a second, sent by all together.
"""

import json
import time

import numpy
from mpi4py import MPI

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size


def slowest(seconds):
    return comm.allreduce(seconds, op=MPI.MAX)


def say(**line):
    if rank == 0:
        print(json.dumps(line), flush=True)


rounds = 20_000 // size
comm.Barrier()
start = time.perf_counter()
for _ in range(rounds):
    comm.Barrier()
say(case="barrier", ranks=size, bytes=0, microseconds=slowest(time.perf_counter() - start) * 1e6 / rounds)

for length in [4 << 10, 64 << 10, 1 << 20, 16 << 20]:
    # Nothing for this rank itself, as there.
    counts = [0 if other == rank else length for other in range(size)]
    places = [length * other for other in range(size)]
    sent = numpy.full(length * size, 7, numpy.uint8)
    received = numpy.zeros(length * size, numpy.uint8)
    messages = max(1, (2 << 30) // length // size // (size - 1))
    comm.Barrier()
    start = time.perf_counter()
    total = 0
    for _ in range(messages):
        # A sender fills what it sends, and a receiver reads it.
        sent.fill(7)
        comm.Alltoallv([sent, counts, places, MPI.BYTE], [received, counts, places, MPI.BYTE])
        total += int(received[::64].sum(dtype=numpy.uint64))
    seconds = slowest(time.perf_counter() - start)
    assert total == 7 * messages * (size - 1) * (length // 64)
    say(case="exchange", ranks=size, bytes=length, gigabytes_per_second=messages * length * size * (size - 1) / seconds / 1e9)
