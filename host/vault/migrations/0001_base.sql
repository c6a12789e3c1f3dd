-- One text for SQLite and PostgreSQL: BIGINT, TEXT and BYTEA mean what is needed on both. Times are milliseconds since
-- the Unix epoch, ids 16 lower-case hexadecimal digits, booleans 0 or 1.

CREATE TABLE workspaces (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    administrator BIGINT NOT NULL,
    active BIGINT NOT NULL,
    home_workspace TEXT NOT NULL REFERENCES workspaces (id),
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE members (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    member TEXT NOT NULL REFERENCES users (id),
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, member)
);

CREATE INDEX members_by_user ON members (member);

CREATE TABLE revoked_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    revoked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Every master key that ever sealed something here, with a known text sealed under it: what a wrong key fails on.
CREATE TABLE master_keys (
    id TEXT NOT NULL PRIMARY KEY,
    proof BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- Keys that the vault made, wrapped by a master key. A workspace's data keys name it; the host's own have ''.
CREATE TABLE wrapped_keys (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    workspace TEXT NOT NULL,
    master_key TEXT NOT NULL REFERENCES master_keys (id),
    wrapped BYTEA NOT NULL,
    active BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX wrapped_keys_active ON wrapped_keys (purpose, workspace) WHERE active = 1;

CREATE TABLE credentials (
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    owner TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider TEXT,
    plugin TEXT,
    description TEXT,
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    provider_credential_id TEXT,
    active BIGINT NOT NULL,
    health TEXT NOT NULL,
    health_reason TEXT,
    health_checked_at BIGINT,
    expires_at BIGINT,
    -- `expires_at` less the alert threshold: from then on it is expiring.
    alert_at BIGINT,
    alert_threshold_hours BIGINT NOT NULL,
    rotation_enabled BIGINT NOT NULL,
    rotation_interval_hours BIGINT NOT NULL,
    rotation_strategy TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_rotated_at BIGINT,
    -- Counts the changes of the row: what a cache holds is good while this is what it was.
    generation BIGINT NOT NULL,
    UNIQUE (workspace, name)
);

CREATE INDEX credentials_by_age ON credentials (workspace, created_at, id);
CREATE INDEX credentials_by_kind ON credentials (workspace, kind, created_at, id);
-- Holds all that counting needs, so that counting reads no row.
CREATE INDEX credentials_counted ON credentials (workspace, provider, kind, active, health, expires_at, alert_at);

CREATE TABLE credential_versions (
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    data_key TEXT NOT NULL REFERENCES wrapped_keys (id),
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (credential, version)
);

CREATE TABLE uses (
    credential TEXT NOT NULL PRIMARY KEY,
    total BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);

CREATE TABLE uses_by_hour (
    credential TEXT NOT NULL,
    -- Hours since the Unix epoch.
    hour BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (credential, hour)
);

CREATE INDEX uses_by_hour_age ON uses_by_hour (hour);

CREATE TABLE audit (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    workspace TEXT,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    credential TEXT,
    credential_name TEXT,
    target TEXT,
    success BIGINT NOT NULL,
    trace_id TEXT NOT NULL,
    address TEXT,
    detail TEXT NOT NULL,
    mac_key TEXT NOT NULL,
    mac BYTEA NOT NULL
);

CREATE INDEX audit_by_workspace ON audit (workspace, number);

CREATE TABLE audit_head (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL,
    mac BYTEA NOT NULL
);

-- The chain begins with a MAC of nothing, written as no bytes at all.
INSERT INTO audit_head (one, number, mac) VALUES (1, 0, '');
