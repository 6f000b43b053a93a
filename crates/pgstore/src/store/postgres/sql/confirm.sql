-- A request has brought the ID ($1) that a gentle rotation gave. From now on the grace time of the
-- session's earlier IDs counts: they lead to it until $2 and are known as replaced until $3. The
-- row's version stays, so no save is disturbed. The row is marked only once its IDs are: otherwise the
-- next request tries again.
-- The session's row is locked first, in the order of rename.sql.
WITH session AS MATERIALIZED (
    SELECT id FROM http_sessions WHERE key = $1 AND id_unconfirmed FOR NO KEY UPDATE
),
earlier AS (
    UPDATE http_sessions_ids
       SET grace_until = least(grace_until, $2), until = greatest(until, $3)
     WHERE session_id = ANY (ARRAY(SELECT id FROM session))
       AND grace_until > $2 -- The others were confirmed before.
    RETURNING session_id
)
UPDATE http_sessions AS row
   SET id_unconfirmed = NULL
 WHERE row.key = $1
   AND row.id_unconfirmed
   AND (EXISTS (SELECT FROM earlier WHERE earlier.session_id = row.id)
        OR NOT EXISTS (SELECT FROM http_sessions_ids AS ids
                        WHERE ids.session_id = row.id AND ids.grace_until > $2))
