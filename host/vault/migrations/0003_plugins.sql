-- What plugins may do, which versions credentials keep to, and where connections may lead.

-- Every name of a plugin that ever got something, with the rights (JSON) that its first automatic grant gave it: what
-- further files of that name get without being asked about. NULL: each of them waits.
CREATE TABLE plugin_names (
    name TEXT NOT NULL PRIMARY KEY,
    baseline TEXT
);

-- What each file was granted. One that was withdrawn stays, so that it isn't granted again by itself.
CREATE TABLE plugin_grants (
    name TEXT NOT NULL,
    -- BLAKE3 of the file, in hexadecimal digits.
    hash TEXT NOT NULL,
    version TEXT NOT NULL,
    rights TEXT NOT NULL,
    -- `auto` or `approved`.
    how TEXT NOT NULL,
    -- Who approved it; none for an automatic grant.
    granted_by TEXT REFERENCES users (id),
    granted_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    PRIMARY KEY (name, hash)
);

-- The versions of its plugin that a credential keeps to, such as `^1.2`.
ALTER TABLE credentials ADD COLUMN pin TEXT;

-- Where the secrets of a workspace may go beside the origins that manifests write out.
CREATE TABLE approved_origins (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    plugin TEXT NOT NULL,
    origin TEXT NOT NULL,
    approved_by TEXT NOT NULL REFERENCES users (id),
    approved_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, plugin, origin)
);
