-- A request has brought the ID ($1) that a gentle rotation gave. From now on the grace time of the
-- session's earlier IDs counts: they lead to it until $2 and are known as replaced until $3. The
-- row's version stays, so no save is disturbed. The row is marked only once its IDs are: otherwise the
-- next request tries again.
-- The session's row is locked first, in the order of rename.sql.
WITH session AS MATERIALIZED (
    SELECT id FROM http_sessions WHERE key = $1 AND id_unconfirmed FOR NO KEY UPDATE
),
-- The others were confirmed before. A part of its own, not a subquery of the last UPDATE: a distributed
-- server cannot join the two tables there.
unconfirmed AS MATERIALIZED (
    SELECT session_id
      FROM http_sessions_ids
     WHERE session_id = ANY (ARRAY(SELECT id FROM session))
       AND grace_until > $2
),
earlier AS (
    UPDATE http_sessions_ids
       SET grace_until = least(grace_until, $2), until = greatest(until, $3)
     WHERE session_id = ANY (ARRAY(SELECT id FROM session))
       AND grace_until > $2
    RETURNING session_id
)
UPDATE http_sessions
   SET id_unconfirmed = NULL
 WHERE key = $1
   AND id_unconfirmed
   AND (id = ANY (ARRAY(SELECT session_id FROM earlier))
        OR id <> ALL (ARRAY(SELECT session_id FROM unconfirmed)))
