"""Times the peer's vector search alone: its extension, its table and its distance, over the large store's vectors.

Usage: peer_scan.py VECTORS QUERIES DIMENSIONS COUNT
"""

import json
import sqlite3
import sys
import time

import numpy
import sqlite_vec

vectors_path, queries_path, dimensions, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
vectors = numpy.fromfile(vectors_path, dtype=numpy.float32).reshape(-1, dimensions)
queries = numpy.fromfile(queries_path, dtype=numpy.float32).reshape(-1, dimensions)[:count]

database = sqlite3.connect(":memory:")
database.enable_load_extension(True)
sqlite_vec.load(database)
database.execute(
    f"CREATE VIRTUAL TABLE memory_embeddings USING vec0("
    f"content_embedding FLOAT[{dimensions}] distance_metric=cosine, store TEXT partition key)"
)
with database:
    database.executemany(
        "INSERT INTO memory_embeddings (rowid, content_embedding, store) VALUES (?, ?, 'default')",
        ((number + 1, vector.tobytes()) for number, vector in enumerate(vectors)),
    )

times = []
for query in queries:
    began = time.perf_counter()
    database.execute(
        "SELECT rowid, distance FROM memory_embeddings WHERE content_embedding MATCH ? AND k = 10 AND store = 'default'",
        (query.tobytes(),),
    ).fetchall()
    times.append((time.perf_counter() - began) * 1000)
print(json.dumps(times))
