-- For background jobs, which know a session by its handle.
CREATE INDEX IF NOT EXISTS http_sessions_handle_idx ON http_sessions (handle) WHERE handle IS NOT NULL
