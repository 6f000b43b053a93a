-- For lists and revocations where a session value names the owner: the rows that another program may
-- have written last. It has few rows, and an update that keeps expires_on stays HOT.
CREATE INDEX IF NOT EXISTS http_sessions_peer_written_idx ON http_sessions (id) WHERE saved_expires_on IS DISTINCT FROM expires_on
