-- The IDs that sessions had before. Every lookup of an ID without a row of its own reads it, and
-- nothing else does.
CREATE TABLE IF NOT EXISTS http_sessions_ids (
    -- The ID that was replaced.
    key BYTEA PRIMARY KEY,
    -- The number of its session's row, which stays when the ID changes. It is no foreign key: the
    -- ID stays known for a while after the session has ended.
    session_id BIGINT NOT NULL,
    -- The ID is known as replaced until then.
    until TIMESTAMPTZ NOT NULL,
    -- The ID leads to the session until then, if the row still has this grace_group. NULL: never.
    grace_until TIMESTAMPTZ,
    grace_group BIGINT
)
