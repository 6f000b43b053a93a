-- Forgets earlier IDs, at most $2, that were known as replaced until before $1 and do not lead to a
-- session after that.
DELETE FROM http_sessions_ids
 WHERE key = ANY (ARRAY(
           SELECT key
             FROM http_sessions_ids
            WHERE until < $1
              AND (grace_until IS NULL OR grace_until < $1)
            ORDER BY until
            LIMIT $2))
   AND until < $1
   AND (grace_until IS NULL OR grace_until < $1)
