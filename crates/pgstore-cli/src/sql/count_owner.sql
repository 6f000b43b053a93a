-- How many rows an owner ($1) has, at most $2.
SELECT count(*) FROM (SELECT FROM http_sessions WHERE owner = $1 LIMIT $2) AS theirs
