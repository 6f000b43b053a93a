-- The rows that revoke.sql removes, by their numbers and versions. Its conditions are repeated here.
SELECT id::bigint, modified_on
  FROM http_sessions
 WHERE owner = $1
   AND id > $6
   AND ($2 OR saved_on = modified_on)
   AND ($3::text IS NULL OR handle = $3)
   AND ($4::bytea IS NULL OR key IS DISTINCT FROM $4)
   AND ($5::text IS NULL OR handle IS DISTINCT FROM $5)
 ORDER BY id
 LIMIT 1000
