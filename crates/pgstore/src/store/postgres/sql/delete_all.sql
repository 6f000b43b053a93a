-- Removes every row of the keys ($1), as delete.sql does, and answers for each key that had rows whether
-- another writer had one of them at that moment, and how many were removed. It waits for no row: if
-- another writer has one, the rows of its key stay. No key is given twice.
-- Where row-level security is active, a policy may keep this role from locking any row that it sees. So
-- if it could lock none, the rows are changed all the same there, and the statement may wait for them. It
-- holds no lock then, so it takes no part in a deadlock before it changes the first one.
WITH found AS MATERIALIZED (
    SELECT id, key FROM http_sessions WHERE key = ANY ($1)
),
locked AS MATERIALIZED (
    SELECT id
      FROM http_sessions
     WHERE key = ANY ($1)
     ORDER BY key, id
       FOR UPDATE SKIP LOCKED
),
busy AS MATERIALIZED (
    SELECT key
      FROM found
     WHERE id NOT IN (SELECT id FROM locked)
       AND NOT (pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass)
                AND NOT EXISTS (SELECT FROM locked))
),
removed AS (
    DELETE FROM http_sessions
     WHERE id = ANY (ARRAY(SELECT id FROM found WHERE key NOT IN (SELECT key FROM busy)))
       AND key = ANY ($1)
    RETURNING id
)
SELECT found.key, found.key IN (SELECT key FROM busy) AS is_busy, count(removed.id)
  FROM found
  LEFT JOIN removed USING (id)
 GROUP BY found.key
