-- Removes the older rows of the key ($1) and keeps the newest. modified_on is compared with the locked
-- row, so a row that a writer has made the newest meanwhile is kept, too.
DELETE FROM http_sessions AS older
 USING (SELECT id, modified_on
          FROM http_sessions
         WHERE key = $1
         ORDER BY modified_on DESC NULLS LAST, id DESC
         LIMIT 1) AS newest
 WHERE older.key = $1
   AND older.id <> newest.id
   AND (older.modified_on <= newest.modified_on OR older.modified_on IS NULL)
