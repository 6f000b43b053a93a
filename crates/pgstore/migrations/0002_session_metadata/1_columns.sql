-- Columns that Go's pgstore does not know. All may be NULL, so its INSERT and UPDATE, which name
-- their columns, keep working.
ALTER TABLE http_sessions
    -- A random number of the last save by this library, which tells whether a save in doubt took
    -- effect, and the modified_on that this save wrote. If saved_on differs from modified_on,
    -- another program has written the row since.
    ADD COLUMN IF NOT EXISTS save_token BIGINT,
    ADD COLUMN IF NOT EXISTS saved_on TIMESTAMPTZ,
    -- The session's own maximal age in seconds (0: it ends with the browser).
    ADD COLUMN IF NOT EXISTS max_age BIGINT,
    -- The owner, the owner's name for the session (a device, say), and the public name.
    ADD COLUMN IF NOT EXISTS owner TEXT,
    ADD COLUMN IF NOT EXISTS label TEXT,
    ADD COLUMN IF NOT EXISTS handle TEXT,
    -- The earlier IDs of this group lead to the row. A login, a change of owner and a write by
    -- another program leave the group.
    ADD COLUMN IF NOT EXISTS grace_group BIGINT,
    -- Whether no request has brought the row's ID since a gentle rotation.
    ADD COLUMN IF NOT EXISTS id_unconfirmed BOOLEAN,
    -- The expires_on that the last save by this library wrote. Unlike saved_on it seldom changes,
    -- so it can be indexed: another program that writes the row sets expires_on alone.
    ADD COLUMN IF NOT EXISTS saved_expires_on TIMESTAMPTZ
