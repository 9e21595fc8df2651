-- Format 2 to 3: each row belongs to a tenant.
ALTER TABLE keys ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';
ALTER TABLE integrations ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';
ALTER TABLE connections ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';
DROP INDEX integrations_by_app;
DROP INDEX connections_by_alias;
DROP INDEX connections_by_entity;
DROP INDEX connections_by_integration;
DROP INDEX connections_by_check;
DROP INDEX connections_by_app;
CREATE INDEX integrations_by_app ON integrations (tenant, app, seq);
CREATE UNIQUE INDEX connections_by_alias ON connections (tenant, entity_id, app, alias) WHERE alias IS NOT NULL;
CREATE INDEX connections_by_tenant ON connections (tenant);
CREATE INDEX connections_by_entity ON connections (tenant, entity_id, app, seq);
CREATE INDEX connections_by_integration ON connections (tenant, integration_id, entity_id, seq);
CREATE INDEX connections_by_check ON connections (tenant, ifnull(verified_at, ''), seq)
    WHERE status IN ('ACTIVE', 'EXPIRED');
CREATE INDEX connections_by_app ON connections (tenant, app, seq);
