-- A request has brought the ID ($1) that a gentle rotation gave. From now on the grace time of the
-- session's earlier IDs counts: they lead to it until $2 and are known as replaced until $3. The
-- row's version stays, so no save is disturbed.
WITH confirmed AS (
    UPDATE http_sessions
       SET id_unconfirmed = NULL
     WHERE key = $1
       AND id_unconfirmed
    RETURNING id
)
UPDATE http_sessions_ids
   SET grace_until = least(grace_until, $2), until = greatest(until, $3)
 WHERE session_id IN (SELECT id FROM confirmed)
   AND grace_until IS NOT NULL
