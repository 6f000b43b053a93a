-- For sweeps and renames, which find rows by their number. Only where no primary key does.
CREATE INDEX IF NOT EXISTS http_sessions_id_idx ON http_sessions (id)
