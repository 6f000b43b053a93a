-- One batch of the sessions that were begun before $1, or nobody knows when: removes $2 of them at most.
-- Restoring a dump brings back sessions that were logged out.
WITH doomed AS MATERIALIZED (
    SELECT id
      FROM http_sessions
     WHERE (created_on < $1) IS NOT FALSE
     LIMIT $2
),
removed AS (
    DELETE FROM http_sessions
     WHERE id = ANY (ARRAY(SELECT id FROM doomed))
       AND (created_on < $1) IS NOT FALSE
    RETURNING id
)
SELECT (SELECT count(*) FROM doomed) AS found,
       (SELECT count(*) FROM removed) AS removed,
       pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass) AS may_hide_rows
