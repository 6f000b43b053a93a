-- Every row of the old key ($1) goes, one row of the new key ($2) comes, or nothing happens.
-- Not SET key = …: that leaves duplicates in place and is refused where key distributes the table.
WITH old AS (
    DELETE FROM http_sessions WHERE key = $1 RETURNING id
)
INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
SELECT $2::bytea, $3::bytea, $4::timestamptz, $5::timestamptz, $6::timestamptz
  FROM old
 LIMIT 1
