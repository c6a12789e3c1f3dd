-- Rotations, the places where credentials are in use, and leases. Whoever works on a row claims it: `claimed_by` names the
-- host, `claimed_until` is by the database's clock, and each claim counts `fence` up; a write names the fence it was made
-- under, so that a host whose claim has passed on changes nothing.

-- 1 while a rotation of it isn't finished.
ALTER TABLE credentials ADD COLUMN rotating BIGINT NOT NULL DEFAULT 0;
-- When it is due to rotate by itself, the jitter included; NULL: never.
ALTER TABLE credentials ADD COLUMN rotate_at BIGINT;
-- Rotations that failed since the last that didn't, and why the last one did.
ALTER TABLE credentials ADD COLUMN rotation_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE credentials ADD COLUMN rotation_error TEXT;

CREATE INDEX credentials_due ON credentials (rotate_at) WHERE rotate_at IS NOT NULL;

DROP INDEX credentials_counted;
CREATE INDEX credentials_counted ON credentials (workspace, provider, kind, active, rotating, health, expires_at, alert_at);

-- The provider's own id of this version's secret.
ALTER TABLE credential_versions ADD COLUMN external_id TEXT;
-- When ending it at the provider is next tried; NULL: it isn't to be ended, or it was.
ALTER TABLE credential_versions ADD COLUMN retire_at BIGINT;
ALTER TABLE credential_versions ADD COLUMN retire_attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE credential_versions ADD COLUMN retire_error TEXT;
ALTER TABLE credential_versions ADD COLUMN retired_at BIGINT;
ALTER TABLE credential_versions ADD COLUMN claimed_by TEXT;
ALTER TABLE credential_versions ADD COLUMN claimed_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE credential_versions ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;

CREATE INDEX versions_to_retire ON credential_versions (retire_at) WHERE retire_at IS NOT NULL;

-- The journal: a row is there before the provider is asked for anything, and its id is what names at the provider are
-- derived from.
CREATE TABLE rotations (
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    -- Where the new secret comes from: `rotation`, `assignment`, `given`, `generated`, `rollback`.
    mode TEXT NOT NULL,
    -- What started it: `manual`, `emergency`, `scheduled`, `on_expiry`.
    cause TEXT NOT NULL,
    reason TEXT,
    -- What making the new secret does to the old one, as the plugin said when it began: `both-work`, `replaces`; `none` where
    -- the provider makes none.
    overlap TEXT NOT NULL,
    phase TEXT NOT NULL,
    from_version BIGINT NOT NULL,
    to_version BIGINT NOT NULL,
    -- The name of the connection that was asked for.
    connection TEXT,
    -- Who started it; no user: the server itself.
    started_by TEXT REFERENCES users (id),
    started_by_name TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    error TEXT,
    claimed_by TEXT,
    claimed_until BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);

-- One at a time for each credential.
CREATE UNIQUE INDEX rotations_open ON rotations (credential) WHERE finished_at IS NULL;
CREATE INDEX rotations_due ON rotations (next_at) WHERE finished_at IS NULL;
CREATE INDEX rotations_by_workspace ON rotations (workspace, started_at);
CREATE INDEX rotations_by_credential ON rotations (credential, started_at);

-- A credential as a target keeps it: what the plugin that put it there answered.
CREATE TABLE applications (
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    plugin TEXT NOT NULL,
    connection TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    external_id TEXT,
    -- JSON: a list of pairs.
    details TEXT NOT NULL,
    -- The version of the secret that the target was last given.
    version BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- When refreshing it is next tried; NULL: nothing is stale.
    next_at BIGINT,
    claimed_by TEXT,
    claimed_until BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (credential, plugin, connection)
);

CREATE INDEX applications_due ON applications (next_at) WHERE next_at IS NOT NULL;

-- Where a credential is in use.
CREATE TABLE places (
    application TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    container TEXT NOT NULL,
    slot TEXT NOT NULL,
    -- JSON: a list of pairs.
    parameters TEXT NOT NULL,
    -- `current` or `stale`.
    state TEXT NOT NULL,
    error TEXT,
    -- Who it was applied for; NULL: it was found there.
    requested_by TEXT,
    applied_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (application, container, slot)
);

-- What issues leases. Those of the configuration are not here.
CREATE TABLE backends (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    -- The root credential's name.
    credential TEXT NOT NULL,
    pin TEXT,
    default_ttl_s BIGINT NOT NULL,
    max_ttl_s BIGINT NOT NULL,
    -- JSON: a list of patterns; NULL: whatever the provider grants.
    allowed_scopes TEXT,
    -- JSON: a list of pairs.
    parameters TEXT NOT NULL,
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, id)
);

-- A row is there before the provider is asked to issue, and stays after its lease has ended.
CREATE TABLE leases (
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    backend TEXT NOT NULL,
    provider TEXT NOT NULL,
    -- The credential that it was issued from. It may be deleted once none of its leases may still work.
    root TEXT NOT NULL,
    root_version BIGINT NOT NULL,
    holder TEXT NOT NULL REFERENCES users (id),
    holder_name TEXT NOT NULL,
    -- The access key through which it was asked for.
    access_key TEXT,
    -- JSON.
    scopes TEXT NOT NULL,
    metadata TEXT NOT NULL,
    parameters TEXT NOT NULL,
    ttl_s BIGINT NOT NULL,
    state TEXT NOT NULL,
    -- What happened at the provider when it ended.
    outcome TEXT,
    data_key TEXT REFERENCES wrapped_keys (id),
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    -- When the holder's time is over.
    expires_at BIGINT NOT NULL,
    -- When it stops working at the provider at the latest; 9223372036854775807: not by itself.
    ends_at BIGINT NOT NULL,
    ended_at BIGINT,
    attempts BIGINT NOT NULL,
    -- When something is next to be done about it.
    next_at BIGINT,
    error TEXT,
    claimed_by TEXT,
    claimed_until BIGINT NOT NULL,
    fence BIGINT NOT NULL
);

CREATE INDEX leases_due ON leases (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX leases_by_workspace ON leases (workspace, created_at, id);
CREATE INDEX leases_by_root ON leases (root, state);
CREATE INDEX leases_by_holder ON leases (holder, state);

-- Requests that may be sent again: what each of them made, by a MAC of who sent it and its `Idempotency-Key`.
CREATE TABLE idempotency_keys (
    scope TEXT NOT NULL PRIMARY KEY,
    -- A MAC of what was asked for.
    fingerprint BYTEA NOT NULL,
    -- The id of what it makes, drawn before it is made.
    resource TEXT NOT NULL,
    -- 1 once it was made: what was deleted since isn't made again by a request that comes late.
    made BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- What wants somebody's attention is found without reading what doesn't.
CREATE INDEX credentials_not_rotated ON credentials (workspace) WHERE rotation_error IS NOT NULL;
CREATE INDEX rotations_unknown ON rotations (workspace) WHERE phase = 'outcome-unknown';
CREATE INDEX versions_not_retired ON credential_versions (credential) WHERE state = 'retire-failed';
CREATE INDEX places_stale ON places (application) WHERE state = 'stale';
CREATE INDEX leases_not_revoked ON leases (workspace) WHERE state = 'revoke_failed';
CREATE INDEX leases_orphaned ON leases (workspace) WHERE state = 'orphaned';
