-- Replaces the newest row of the key ($1) if it has the version that was seen ($2). Older duplicates,
-- also those of the same version, are left for the next load to remove.
-- The row is found in the statement's snapshot, but modified_on is compared with the locked row: a
-- statement that waited for another writer sees that writer's version there and does nothing.
-- The session's beginning only moves back: a clock that was wrong may have put it into the future.
-- Earlier IDs do not lead to the session any more if it gets another owner ($10), or if another
-- program wrote the row since the last save.
UPDATE http_sessions
   SET data = $3, created_on = LEAST(created_on, $4), modified_on = $5, expires_on = $6,
       save_token = $7, saved_on = $8, max_age = $9, owner = $10, label = $11, handle = $12,
       saved_expires_on = CASE WHEN $8::timestamptz IS NOT NULL THEN $6::timestamptz END,
       grace_group = CASE WHEN saved_on = modified_on AND owner IS NOT DISTINCT FROM $10
                          THEN grace_group END
 WHERE key = $1
   AND modified_on = $2
   AND id = (SELECT id
               FROM http_sessions
              WHERE key = $1
              ORDER BY modified_on DESC NULLS LAST, id DESC
              LIMIT 1)
