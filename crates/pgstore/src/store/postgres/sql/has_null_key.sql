-- Whether a row has no key. No session leads to it.
SELECT EXISTS (SELECT FROM http_sessions WHERE key IS NULL)
