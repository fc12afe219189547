/**
 * The database's schema, as the steps that lead to it. A step never changes once released; a new one is added at the
 * end and raises `SCHEMA_VERSION`.
 *
 * @module
 */

/** `PRAGMA application_id` of Unimem's files: "UNIM". */
export const APPLICATION_ID = 0x554e494d;

/** SQL of each step; the first leads from an empty file to version 1. Text columns hold `escapeText` forms. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE memories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content_hash TEXT NOT NULL UNIQUE,
    content TEXT NOT NULL,
    tags TEXT NOT NULL,
    memory_type TEXT,
    metadata TEXT NOT NULL,
    conversation_id TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    revision INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX memories_by_revision ON memories (revision);

  -- What other processes have to forget. Rows of memories that were deleted a while ago are dropped.
  CREATE TABLE tombstones (revision INTEGER NOT NULL, memory_id INTEGER NOT NULL, PRIMARY KEY (revision, memory_id))
    STRICT, WITHOUT ROWID;

  -- revision: number of the last change; forgotten: the newest change whose tombstones may be gone.
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO counters VALUES ('revision', 0), ('forgotten', 0), ('active_model', 0);

  -- Index terms of each memory: pairs of term number and frequency as variable-length integers.
  CREATE TABLE terms (number INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE memory_terms (
    memory_id INTEGER PRIMARY KEY REFERENCES memories (id) ON DELETE CASCADE,
    analyser INTEGER NOT NULL,
    terms BLOB NOT NULL
  ) STRICT;

  CREATE TABLE models (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    provider TEXT NOT NULL,
    dimensions INTEGER NOT NULL
  ) STRICT;
  -- Of each chunk a float32 scale and one byte a dimension, and one more byte a dimension for what rounding left.
  CREATE TABLE vectors (
    memory_id INTEGER NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    model INTEGER NOT NULL REFERENCES models (number),
    codes BLOB NOT NULL,
    remainders BLOB NOT NULL,
    PRIMARY KEY (memory_id, model)
  ) STRICT, WITHOUT ROWID;

  CREATE VIRTUAL TABLE content_words USING fts5 (
    content, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
  );
  `,
  `
  -- Deleted memories with what it takes to bring them back.
  CREATE TABLE trash (
    content_hash TEXT PRIMARY KEY,
    content TEXT NOT NULL,
    tags TEXT NOT NULL,
    memory_type TEXT,
    metadata TEXT NOT NULL,
    conversation_id TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    deleted_at REAL NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX trash_by_time ON trash (deleted_at);
  CREATE TABLE trash_vectors (
    content_hash TEXT NOT NULL REFERENCES trash (content_hash) ON DELETE CASCADE,
    model INTEGER NOT NULL REFERENCES models (number),
    codes BLOB NOT NULL,
    remainders BLOB NOT NULL,
    PRIMARY KEY (content_hash, model)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- JSON of what took the memory's place; null while it is current.
  ALTER TABLE memories ADD COLUMN superseded TEXT;
  ALTER TABLE trash ADD COLUMN superseded TEXT;

  -- Keyed by content_hash, so that a relation outlives its memory's time in the trash.
  CREATE TABLE relations (
    source TEXT NOT NULL,
    type TEXT NOT NULL,
    target TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (source, type, target)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX relations_by_target ON relations (target);
  CREATE INDEX relations_by_type ON relations (type, created_at);
  CREATE TRIGGER forget_relations AFTER DELETE ON memories
    WHEN NOT EXISTS (SELECT 1 FROM trash WHERE content_hash = OLD.content_hash)
    BEGIN DELETE FROM relations WHERE source = OLD.content_hash OR target = OLD.content_hash; END;
  CREATE TRIGGER forget_trashed_relations AFTER DELETE ON trash
    WHEN NOT EXISTS (SELECT 1 FROM memories WHERE content_hash = OLD.content_hash)
    BEGIN DELETE FROM relations WHERE source = OLD.content_hash OR target = OLD.content_hash; END;
  `,
  `
  -- What processes that share the file tell each other.
  CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- terms: another number whenever terms were dropped; uncleared: 1 while free pages may hold what was deleted, as in
  -- files that were written without secure_delete.
  INSERT INTO counters VALUES ('terms', 0);
  INSERT INTO counters SELECT 'uncleared', value > 0 FROM counters WHERE name = 'revision';
  `,
  `
  -- Finds what a memory has replaced when that memory goes.
  CREATE INDEX memories_by_successor ON memories (superseded ->> '$.by') WHERE superseded IS NOT NULL;
  -- JSON of what the memory had replaced, for when it comes back.
  ALTER TABLE trash ADD COLUMN replaced TEXT;
  `,
  `
  -- Spaces: a memory is known by its content_hash within one. Numbers are never used twice, and neither are row ids: a
  -- memory that is moved to another space gets another one. What was stored before is in \`default\`.
  CREATE TABLE spaces (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, created_at REAL) STRICT;
  INSERT INTO spaces VALUES (1, 'default', NULL);
  DROP TRIGGER forget_relations;
  DROP TRIGGER forget_trashed_relations;
  ALTER TABLE tombstones ADD COLUMN space INTEGER NOT NULL DEFAULT 1;

  CREATE TABLE new_memories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL REFERENCES spaces (number),
    content_hash TEXT NOT NULL,
    content TEXT NOT NULL,
    tags TEXT NOT NULL,
    memory_type TEXT,
    metadata TEXT NOT NULL,
    conversation_id TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    revision INTEGER NOT NULL,
    superseded TEXT,
    writer TEXT, -- JSON of who stored it; null where that isn't known
    UNIQUE (content_hash, space)
  ) STRICT;
  INSERT INTO new_memories SELECT id, 1, content_hash, content, tags, memory_type, metadata, conversation_id, created_at,
    updated_at, revision, superseded, NULL FROM memories;
  DELETE FROM sqlite_sequence WHERE name = 'new_memories';
  INSERT INTO sqlite_sequence SELECT 'new_memories', seq FROM sqlite_sequence WHERE name = 'memories';
  DROP TABLE memories;
  ALTER TABLE new_memories RENAME TO memories;
  CREATE INDEX memories_by_revision ON memories (revision);
  CREATE INDEX memories_by_space ON memories (space);
  CREATE INDEX memories_by_successor ON memories (superseded ->> '$.by') WHERE superseded IS NOT NULL;

  CREATE TABLE new_trash (
    space INTEGER NOT NULL REFERENCES spaces (number),
    content_hash TEXT NOT NULL,
    content TEXT NOT NULL,
    tags TEXT NOT NULL,
    memory_type TEXT,
    metadata TEXT NOT NULL,
    conversation_id TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    deleted_at REAL NOT NULL,
    reason TEXT NOT NULL,
    superseded TEXT,
    replaced TEXT,
    writer TEXT,
    PRIMARY KEY (content_hash, space)
  ) STRICT;
  INSERT INTO new_trash SELECT 1, content_hash, content, tags, memory_type, metadata, conversation_id, created_at,
    updated_at, deleted_at, reason, superseded, replaced, NULL FROM trash ORDER BY rowid;
  CREATE TABLE new_trash_vectors (
    content_hash TEXT NOT NULL,
    space INTEGER NOT NULL,
    model INTEGER NOT NULL REFERENCES models (number),
    codes BLOB NOT NULL,
    remainders BLOB NOT NULL,
    PRIMARY KEY (content_hash, space, model),
    FOREIGN KEY (content_hash, space) REFERENCES trash (content_hash, space) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_trash_vectors SELECT content_hash, 1, model, codes, remainders FROM trash_vectors;
  DROP TABLE trash_vectors;
  DROP TABLE trash;
  ALTER TABLE new_trash RENAME TO trash;
  ALTER TABLE new_trash_vectors RENAME TO trash_vectors;
  CREATE INDEX trash_by_time ON trash (deleted_at);
  CREATE INDEX trash_by_space ON trash (space, deleted_at);

  CREATE TABLE new_relations (
    space INTEGER NOT NULL,
    source TEXT NOT NULL,
    type TEXT NOT NULL,
    target TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (source, type, target, space)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_relations SELECT 1, source, type, target, created_at FROM relations;
  DROP TABLE relations;
  ALTER TABLE new_relations RENAME TO relations;
  CREATE INDEX relations_by_target ON relations (target);
  CREATE INDEX relations_by_type ON relations (space, type, created_at);
  CREATE TRIGGER forget_relations AFTER DELETE ON memories
    WHEN NOT EXISTS (SELECT 1 FROM trash WHERE content_hash = OLD.content_hash AND space = OLD.space)
    BEGIN
      DELETE FROM relations WHERE source = OLD.content_hash AND space = OLD.space;
      DELETE FROM relations WHERE target = OLD.content_hash AND space = OLD.space;
    END;
  CREATE TRIGGER forget_trashed_relations AFTER DELETE ON trash
    WHEN NOT EXISTS (SELECT 1 FROM memories WHERE content_hash = OLD.content_hash AND space = OLD.space)
    BEGIN
      DELETE FROM relations WHERE source = OLD.content_hash AND space = OLD.space;
      DELETE FROM relations WHERE target = OLD.content_hash AND space = OLD.space;
    END;
  `,
];

/** Version of the schema that this build reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;
