-- For sweeps.
CREATE INDEX IF NOT EXISTS http_sessions_expiry_idx ON http_sessions (expires_on)
