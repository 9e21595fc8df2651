-- A vault in PostgreSQL, but for its audit log. Times are RFC 3339 text, metadata is JSON text as it was written. Texts compare byte by
-- byte, whatever the language of the database.
CREATE TABLE vault (
    format  bigint NOT NULL
);

CREATE TABLE keys (
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    tenant      text COLLATE "C" NOT NULL,
    key_id      text COLLATE "C" NOT NULL,
    vault_id    text COLLATE "C" NOT NULL,
    derivation  text COLLATE "C" NOT NULL,
    wrapped     bytea NOT NULL,
    PRIMARY KEY (tenant, key_id)
);

CREATE TABLE integrations (
    seq           bigint GENERATED ALWAYS AS IDENTITY,
    tenant        text COLLATE "C" NOT NULL,
    id            text COLLATE "C" NOT NULL,
    app           text COLLATE "C" NOT NULL,
    auth_scheme   text COLLATE "C" NOT NULL,
    name          text COLLATE "C" NOT NULL,
    base_url      text COLLATE "C",
    allow         text[] COLLATE "C" NOT NULL,
    fixed_fields  text[] COLLATE "C" NOT NULL,
    key_id        text COLLATE "C" NOT NULL,
    sealed        bytea NOT NULL,
    created_at    text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, key_id) REFERENCES keys
);
CREATE INDEX integrations_by_order ON integrations (tenant, seq);
CREATE INDEX integrations_by_app ON integrations (tenant, app, seq);

CREATE TABLE connections (
    seq             bigint GENERATED ALWAYS AS IDENTITY,
    tenant          text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    entity_id       text COLLATE "C" NOT NULL,
    app             text COLLATE "C" NOT NULL,
    auth_scheme     text COLLATE "C" NOT NULL,
    integration_id  text COLLATE "C" NOT NULL,
    status          text COLLATE "C" NOT NULL,
    verdict         text COLLATE "C" NOT NULL,
    verified_at     text COLLATE "C",
    account         text COLLATE "C",
    alias           text COLLATE "C",
    labels          text[] COLLATE "C" NOT NULL,
    metadata        text COLLATE "C" NOT NULL,
    record_version  bigint NOT NULL,
    key_id          text COLLATE "C" NOT NULL,
    sealed          bytea NOT NULL,
    created_at      text COLLATE "C" NOT NULL,
    updated_at      text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, integration_id) REFERENCES integrations,
    FOREIGN KEY (tenant, key_id) REFERENCES keys
);
CREATE UNIQUE INDEX connections_by_alias ON connections (tenant, entity_id, app, alias) WHERE alias IS NOT NULL;
CREATE INDEX connections_by_order ON connections (tenant, seq);
CREATE INDEX connections_by_entity ON connections (tenant, entity_id, app, seq);
CREATE INDEX connections_by_integration ON connections (tenant, integration_id, entity_id, seq);
CREATE INDEX connections_by_app ON connections (tenant, app, seq);
CREATE INDEX connections_by_check ON connections (tenant, coalesce(verified_at, ''), seq)
    WHERE status IN ('ACTIVE', 'EXPIRED');

-- For roles that do not own the tables: they see the rows of their connection's tenant.
ALTER TABLE keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE integrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE connections ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON keys USING (tenant = current_setting('keylatch.tenant', true));
CREATE POLICY by_tenant ON integrations USING (tenant = current_setting('keylatch.tenant', true));
CREATE POLICY by_tenant ON connections USING (tenant = current_setting('keylatch.tenant', true));
