-- After a login no earlier ID of its session leads to it any more: those of the session to which the
-- key $1 belongs, which are then known as replaced until $2.
UPDATE http_sessions_ids
   SET until = greatest(until, $2), grace_until = NULL
 WHERE session_id = ANY (ARRAY(SELECT session_id FROM http_sessions_ids WHERE key = $1))
