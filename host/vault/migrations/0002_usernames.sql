-- Two names that differ only in case are the same name: `folded` is what names are compared by.

ALTER TABLE users ADD COLUMN folded TEXT NOT NULL DEFAULT '';

CREATE UNIQUE INDEX users_by_name ON users (folded);

CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);
