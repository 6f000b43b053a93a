-- For sweeps.
CREATE INDEX IF NOT EXISTS http_sessions_ids_until_idx ON http_sessions_ids (until)
