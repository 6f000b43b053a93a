-- The table of antonlindstrom/pgstore (pgstore.go createSessionsTable), column for column, so
-- that programs in Go and in Rust share it. Go's own table is taken over as it is.
CREATE TABLE IF NOT EXISTS http_sessions (
    id BIGSERIAL PRIMARY KEY,
    key BYTEA,
    data BYTEA,
    created_on TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    modified_on TIMESTAMPTZ,
    expires_on TIMESTAMPTZ
);

-- For sweeping.
CREATE INDEX IF NOT EXISTS http_sessions_expiry_idx ON http_sessions (expires_on);

-- For everything else. Not unique: Go writes several rows of one key.
CREATE INDEX IF NOT EXISTS http_sessions_key_idx ON http_sessions (key);
