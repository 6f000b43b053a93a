-- primary_key is replaced by the constraint's name, quoted as SQL.
ALTER TABLE http_sessions DROP CONSTRAINT primary_key
