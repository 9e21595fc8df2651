-- The audit log, and its key: since format 4.
CREATE TABLE audit_keys (
    tenant  TEXT NOT NULL PRIMARY KEY,
    id      TEXT NOT NULL,
    key_id  TEXT NOT NULL REFERENCES keys (key_id),
    sealed  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    tenant   TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    at       TEXT NOT NULL,
    action   TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    entity   BLOB,
    record   BLOB,
    app      TEXT,
    process  TEXT NOT NULL,
    chain    BLOB NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_entity ON audit (tenant, entity, seq) WHERE entity IS NOT NULL;
CREATE INDEX audit_by_record ON audit (tenant, record, seq) WHERE record IS NOT NULL;
