-- One batch of a sweep. $1: expired before, $2: idle since before, $3 and $4: where the last batch
-- ended, $5: how many rows to read. The limit is on rows read, not on rows removed, because live
-- browser sessions (expires_on <= modified_on) are in the index among the expired ones.
WITH scanned AS MATERIALIZED (
    SELECT id, expires_on, modified_on
      FROM http_sessions
     WHERE expires_on < $1
       AND (expires_on, id) > ($3, $4)
     ORDER BY expires_on, id
     LIMIT $5
),
-- The conditions are repeated here because a lock reads the latest version of a row: a session that
-- was used meanwhile is spared. Rows that another statement has locked are left for a later sweep.
doomed AS MATERIALIZED (
    SELECT id
      FROM http_sessions
     WHERE id = ANY (ARRAY(
               SELECT id
                 FROM scanned
                WHERE (expires_on <= modified_on) IS NOT TRUE OR modified_on < $2))
       AND expires_on < $1
       AND ((expires_on <= modified_on) IS NOT TRUE OR modified_on < $2)
       FOR UPDATE SKIP LOCKED
),
removed AS (
    DELETE FROM http_sessions WHERE id = ANY (ARRAY(SELECT id FROM doomed)) RETURNING id
)
SELECT (SELECT count(*) FROM removed) AS removed,
       (SELECT count(*) FROM scanned) AS scanned,
       last.expires_on,
       last.id::bigint AS id,
       (SELECT count(*)
          FROM scanned
         WHERE (expires_on <= modified_on) IS NOT TRUE OR modified_on < $2) AS due,
       (SELECT count(*) FROM doomed) AS locked,
       pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass) AS may_hide_rows,
       (SELECT min(expires_on) FROM scanned WHERE (expires_on <= modified_on) IS NOT TRUE) AS oldest,
       (SELECT min(id)::bigint FROM doomed) AS first_due
  FROM (VALUES (1)) AS one
  LEFT JOIN LATERAL (
      SELECT expires_on, id FROM scanned ORDER BY expires_on DESC, id DESC LIMIT 1
  ) AS last ON true
