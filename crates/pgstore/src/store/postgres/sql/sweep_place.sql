-- The place of the row that a batch of a sweep reads first. $1, $2 and $3 are $1, $3 and $4 of sweep.sql.
SELECT expires_on, id::bigint
  FROM http_sessions
 WHERE expires_on < $1
   AND (expires_on, id) > ($2, $3)
 ORDER BY expires_on, id
 LIMIT 1
