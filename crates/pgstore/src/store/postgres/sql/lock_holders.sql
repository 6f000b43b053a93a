-- The oldest of the sessions that have a lock on the table $1, for a message: its process, its
-- application, and since when its transaction has been open. Without rights on other roles'
-- sessions, the last two are NULL.
SELECT l.pid, nullif(a.application_name, '') AS application, date_trunc('second', a.xact_start)::text
  FROM pg_catalog.pg_locks AS l
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
 WHERE l.relation = pg_catalog.to_regclass($1)
   AND l.granted
   AND l.pid <> pg_catalog.pg_backend_pid()
 ORDER BY a.xact_start NULLS LAST
 LIMIT 1
