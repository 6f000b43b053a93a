-- For changes of all earlier IDs of a session.
CREATE INDEX IF NOT EXISTS http_sessions_ids_session_idx ON http_sessions_ids (session_id)
