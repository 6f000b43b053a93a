-- For lists of an owner's sessions and for revoking, in batches. It is partial because most sessions of
-- a public site have no owner.
CREATE INDEX IF NOT EXISTS http_sessions_owner_idx ON http_sessions (owner, id) WHERE owner IS NOT NULL
