//! The tables.
//!
//! Every object belongs to the id of a key, its `owner`. `number` is the order in which objects were
//! made: times may be equal, and clocks may be set back.
//!
//! An event's `place` is its order in the history of its session; one that was sent and not yet processed
//! has none. `opening` is what the embedded agent of a session was when its first event was processed.
//! The `rubric` of an outcome is the text of the file that it was given as. A file without `content` has
//! expired.

/// What makes each format of the tables out of the one before it, beginning with nothing.
pub(super) const FORMATS: [&str; 3] = [TABLES, FILES, PLACES];

const TABLES: &str = "
CREATE TABLE agents (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    archived INTEGER
) STRICT;
CREATE INDEX agents_of_owner ON agents (owner, number);
CREATE TABLE agent_versions (
    agent INTEGER NOT NULL REFERENCES agents ON DELETE CASCADE,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (agent, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE environments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    definition TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    archived INTEGER
) STRICT;
CREATE INDEX environments_of_owner ON environments (owner, number);
CREATE TABLE memory_stores (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    archived INTEGER
) STRICT;
CREATE INDEX memory_stores_of_owner ON memory_stores (owner, number);
CREATE TABLE memory_versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    store INTEGER NOT NULL REFERENCES memory_stores ON DELETE CASCADE,
    memory TEXT NOT NULL,
    operation TEXT NOT NULL,
    path TEXT,
    content TEXT,
    sha256 TEXT,
    size INTEGER,
    actor TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    redacted INTEGER,
    redactor TEXT,
    redactor_id TEXT
) STRICT;
CREATE INDEX memory_versions_of_store ON memory_versions (store, number);
CREATE INDEX memory_versions_of_memory ON memory_versions (memory, number);
CREATE TABLE memories (
    id TEXT PRIMARY KEY,
    store INTEGER NOT NULL REFERENCES memory_stores ON DELETE CASCADE,
    path TEXT NOT NULL,
    head INTEGER NOT NULL REFERENCES memory_versions,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (store, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX memories_of_head ON memories (head);
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    thread TEXT NOT NULL,
    agent TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    agent_version INTEGER NOT NULL,
    environment TEXT NOT NULL,
    title TEXT,
    metadata TEXT NOT NULL,
    budget INTEGER,
    status TEXT NOT NULL,
    awake INTEGER NOT NULL,
    waiting TEXT NOT NULL,
    capped INTEGER NOT NULL,
    pipeline INTEGER NOT NULL,
    opening TEXT,
    place INTEGER NOT NULL,
    uncached_input INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    output INTEGER NOT NULL,
    active INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    ended INTEGER,
    archived INTEGER
) STRICT;
CREATE INDEX sessions_of_owner ON sessions (owner, number);
CREATE INDEX sessions_that_run ON sessions (number) WHERE status = 'running';
CREATE TABLE session_stores (
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    position INTEGER NOT NULL,
    store TEXT NOT NULL,
    access TEXT NOT NULL,
    instructions TEXT,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    mount TEXT NOT NULL,
    PRIMARY KEY (session, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_stores_by_store ON session_stores (store);
CREATE TABLE session_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    place INTEGER,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    active INTEGER,
    played INTEGER NOT NULL,
    created INTEGER NOT NULL,
    processed INTEGER
) STRICT;
CREATE UNIQUE INDEX session_events_by_place ON session_events (session, place);
CREATE TABLE session_outcomes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    description TEXT NOT NULL,
    result TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    explanation TEXT,
    completed INTEGER
) STRICT;
CREATE INDEX session_outcomes_of_session ON session_outcomes (session, number);
CREATE TABLE dreams (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    store TEXT NOT NULL,
    sessions TEXT NOT NULL,
    model TEXT NOT NULL,
    instructions TEXT,
    in_place INTEGER NOT NULL,
    session TEXT,
    output TEXT,
    newest INTEGER,
    uncached_input INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    active INTEGER NOT NULL,
    error TEXT,
    message TEXT,
    created INTEGER NOT NULL,
    ended INTEGER,
    archived INTEGER
) STRICT;
CREATE INDEX dreams_of_owner ON dreams (owner, number);
CREATE INDEX dreams_under_way ON dreams (number) WHERE status IN ('pending', 'running');
CREATE TABLE dream_sessions (
    dream INTEGER NOT NULL REFERENCES dreams ON DELETE CASCADE,
    session TEXT NOT NULL,
    PRIMARY KEY (session, dream)
) STRICT, WITHOUT ROWID;
";

const FILES: &str = "
CREATE TABLE files (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    content BLOB
) STRICT;
CREATE INDEX files_of_owner ON files (owner, number);
CREATE INDEX files_that_expire ON files (expires) WHERE expires IS NOT NULL AND content IS NOT NULL;
CREATE TABLE session_files (
    id TEXT PRIMARY KEY,
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    position INTEGER NOT NULL,
    file TEXT NOT NULL,
    mount TEXT NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (session, position),
    UNIQUE (session, mount)
) STRICT, WITHOUT ROWID;
ALTER TABLE session_outcomes ADD COLUMN rubric TEXT;
";

/// How far each session of a dream is read, as JSON, once that is fixed.
const PLACES: &str = "ALTER TABLE dreams ADD COLUMN places TEXT;";
