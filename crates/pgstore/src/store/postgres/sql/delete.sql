DELETE FROM http_sessions WHERE key = $1
