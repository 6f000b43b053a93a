-- The newest row of the key ($1), if its version is the one that was seen ($2). Older duplicates
-- are left alone, those of the same version too: the next load removes them.
-- The row is looked for in the statement's snapshot, but modified_on is compared with the row as
-- it is once it is locked: whoever waited for another writer finds another version there.
-- The key before this one is honoured no longer once the session has another owner ($9), or was
-- written last by somebody who does not know our columns.
UPDATE http_sessions
   SET data = $3, modified_on = $4, expires_on = $5,
       save_token = $6, saved_on = $7, max_age = $8, owner = $9, label = $10, handle = $11,
       previous_grace_until = CASE WHEN saved_on = modified_on AND owner IS NOT DISTINCT FROM $9
                             THEN previous_grace_until END
 WHERE key = $1
   AND modified_on = $2
   AND id = (SELECT id
               FROM http_sessions
              WHERE key = $1
              ORDER BY modified_on DESC NULLS LAST, id DESC
              LIMIT 1)
