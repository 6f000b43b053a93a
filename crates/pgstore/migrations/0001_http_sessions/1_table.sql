-- The table of antonlindstrom/pgstore (pgstore.go createSessionsTable), column for column, so that
-- Go and Rust programs can share it. A table that Go made is used as it is.
CREATE TABLE IF NOT EXISTS http_sessions (
    id BIGSERIAL PRIMARY KEY,
    key BYTEA,
    data BYTEA,
    created_on TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    modified_on TIMESTAMPTZ,
    expires_on TIMESTAMPTZ
)
