-- For every lookup by ID. It is not unique: Go may write several rows of one key.
CREATE INDEX IF NOT EXISTS http_sessions_key_idx ON http_sessions (key)
