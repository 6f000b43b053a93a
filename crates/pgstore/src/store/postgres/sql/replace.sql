-- Every row of the old key ($1) goes, whatever its version, and one row of the new key ($2) comes;
-- or there is none and nothing happens. For a row that cannot be read, so that it has no version.
WITH old AS (
    DELETE FROM http_sessions WHERE key = $1 RETURNING id
)
INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
SELECT $2::bytea, $3::bytea, $4::timestamptz, $5::timestamptz, $6::timestamptz
  FROM old
 LIMIT 1
