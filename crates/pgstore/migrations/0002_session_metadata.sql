-- Columns that a peer in Go does not know. All of them may be NULL, so that its INSERT and UPDATE,
-- which name their columns, go on as before.
ALTER TABLE http_sessions
    -- Of our last save: a random number, by which a save of unknown fate is recognised, and the
    -- modified_on that it wrote. Where that is not modified_on, somebody else has written since.
    ADD COLUMN IF NOT EXISTS save_token BIGINT,
    ADD COLUMN IF NOT EXISTS saved_on TIMESTAMPTZ,
    -- The session's own maximal age in seconds (0: it ends with the browser).
    ADD COLUMN IF NOT EXISTS max_age BIGINT,
    -- Whose it is, what the owner knows it by, and its public name.
    ADD COLUMN IF NOT EXISTS owner TEXT,
    ADD COLUMN IF NOT EXISTS label TEXT,
    ADD COLUMN IF NOT EXISTS handle TEXT,
    -- The key that this one replaced: remembered until previous_until, honoured until
    -- previous_grace_until.
    ADD COLUMN IF NOT EXISTS previous_key BYTEA,
    ADD COLUMN IF NOT EXISTS previous_until TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS previous_grace_until TIMESTAMPTZ;

-- For lists of devices and for revoking. Partial: most rows of a public site have no owner.
CREATE INDEX IF NOT EXISTS http_sessions_owner_idx ON http_sessions (owner) WHERE owner IS NOT NULL;

-- For jobs.
CREATE INDEX IF NOT EXISTS http_sessions_handle_idx ON http_sessions (handle) WHERE handle IS NOT NULL;

-- For requests that still bring the old key. It changes with the key alone, so saves stay HOT.
CREATE INDEX IF NOT EXISTS http_sessions_old_idx ON http_sessions (previous_key) WHERE previous_key IS NOT NULL;
