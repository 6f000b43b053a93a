-- The newest row of the key ($1), if its version is the one that was seen ($2). Older duplicates
-- are left alone, those of the same version too: the next load removes them.
-- The row is looked for in the statement's snapshot, but modified_on is compared with the row as
-- it is once it is locked: whoever waited for another writer finds another version there.
UPDATE http_sessions
   SET data = $3, modified_on = $4, expires_on = $5
 WHERE key = $1
   AND modified_on = $2
   AND id = (SELECT id
               FROM http_sessions
              WHERE key = $1
              ORDER BY modified_on DESC NULLS LAST, id DESC
              LIMIT 1)
