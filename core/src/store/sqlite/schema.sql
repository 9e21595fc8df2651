-- A vault file, but for its audit log. Times are RFC 3339 text; lists and metadata are JSON text.
CREATE TABLE keys (
    key_id      TEXT PRIMARY KEY,
    vault_id    TEXT NOT NULL,
    derivation  TEXT NOT NULL,
    wrapped     BLOB NOT NULL,
    tenant      TEXT NOT NULL DEFAULT 'default'
) STRICT;

CREATE TABLE integrations (
    seq                 INTEGER PRIMARY KEY AUTOINCREMENT,
    id                  TEXT NOT NULL UNIQUE,
    app                 TEXT NOT NULL,
    auth_scheme         TEXT NOT NULL,
    name                TEXT NOT NULL,
    base_url            TEXT,
    allow               TEXT NOT NULL,
    fixed_fields        TEXT NOT NULL,
    key_id              TEXT NOT NULL REFERENCES keys (key_id),
    sealed              BLOB NOT NULL,
    created_at          TEXT NOT NULL,
    tenant              TEXT NOT NULL DEFAULT 'default'
) STRICT;
CREATE INDEX integrations_by_app ON integrations (tenant, app, seq);

CREATE TABLE connections (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    entity_id       TEXT NOT NULL,
    app             TEXT NOT NULL,
    auth_scheme     TEXT NOT NULL,
    integration_id  TEXT NOT NULL REFERENCES integrations (id),
    status          TEXT NOT NULL,
    verdict         TEXT NOT NULL,
    verified_at     TEXT,
    account         TEXT,
    alias           TEXT,
    labels          TEXT NOT NULL,
    metadata        TEXT NOT NULL,
    record_version  INTEGER NOT NULL,
    key_id          TEXT NOT NULL REFERENCES keys (key_id),
    sealed          BLOB NOT NULL,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    tenant          TEXT NOT NULL DEFAULT 'default'
) STRICT;
CREATE UNIQUE INDEX connections_by_alias ON connections (tenant, entity_id, app, alias) WHERE alias IS NOT NULL;
CREATE INDEX connections_by_tenant ON connections (tenant);
CREATE INDEX connections_by_entity ON connections (tenant, entity_id, app, seq);
CREATE INDEX connections_by_integration ON connections (tenant, integration_id, entity_id, seq);
CREATE INDEX connections_by_check ON connections (tenant, ifnull(verified_at, ''), seq)
    WHERE status IN ('ACTIVE', 'EXPIRED');
CREATE INDEX connections_by_app ON connections (tenant, app, seq);
