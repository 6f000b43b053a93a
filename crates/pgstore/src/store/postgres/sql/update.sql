-- Replaces the newest row of the key ($1) if it has the version that was seen ($2). Older duplicates,
-- also those of the same version, are left for the next load to remove.
-- The row is found in the statement's snapshot, but modified_on is compared with the locked row: a
-- statement that waited for another writer sees that writer's version there and does nothing.
-- Earlier IDs do not lead to the session any more if it gets another owner ($9), or if another
-- program wrote the row since the last save.
UPDATE http_sessions
   SET data = $3, modified_on = $4, expires_on = $5,
       save_token = $6, saved_on = $7, max_age = $8, owner = $9, label = $10, handle = $11,
       saved_expires_on = CASE WHEN $7::timestamptz IS NOT NULL THEN $5::timestamptz END,
       grace_group = CASE WHEN saved_on = modified_on AND owner IS NOT DISTINCT FROM $9
                          THEN grace_group END
 WHERE key = $1
   AND modified_on = $2
   AND id = (SELECT id
               FROM http_sessions
              WHERE key = $1
              ORDER BY modified_on DESC NULLS LAST, id DESC
              LIMIT 1)
