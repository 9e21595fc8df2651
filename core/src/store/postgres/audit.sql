-- The audit log, and its key: since format 2.
CREATE TABLE audit_keys (
    tenant  text COLLATE "C" NOT NULL PRIMARY KEY,
    id      text COLLATE "C" NOT NULL,
    key_id  text COLLATE "C" NOT NULL,
    sealed  bytea NOT NULL,
    FOREIGN KEY (tenant, key_id) REFERENCES keys
);
CREATE TABLE audit (
    tenant   text COLLATE "C" NOT NULL,
    seq      bigint NOT NULL,
    at       text COLLATE "C" NOT NULL,
    action   text COLLATE "C" NOT NULL,
    outcome  text COLLATE "C" NOT NULL,
    entity   bytea,
    record   bytea,
    app      text COLLATE "C",
    process  text COLLATE "C" NOT NULL,
    chain    bytea NOT NULL,
    PRIMARY KEY (tenant, seq)
);
CREATE INDEX audit_by_entity ON audit (tenant, entity, seq) WHERE entity IS NOT NULL;
CREATE INDEX audit_by_record ON audit (tenant, record, seq) WHERE record IS NOT NULL;
ALTER TABLE audit_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON audit_keys USING (tenant = current_setting('keylatch.tenant', true));
CREATE POLICY by_tenant ON audit USING (tenant = current_setting('keylatch.tenant', true));
