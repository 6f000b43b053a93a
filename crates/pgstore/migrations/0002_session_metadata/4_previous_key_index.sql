-- For requests that still send the previous key. An update does not change previous_key, so saves
-- stay HOT.
CREATE INDEX IF NOT EXISTS http_sessions_previous_key_idx ON http_sessions (previous_key) WHERE previous_key IS NOT NULL
