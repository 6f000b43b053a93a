-- The older duplicates of the key ($1) go; the newest row stays. modified_on is compared with the
-- row as it is once it is locked: one that a writer has made the newest meanwhile stays, too.
DELETE FROM http_sessions AS older
 USING (SELECT id, modified_on
          FROM http_sessions
         WHERE key = $1
         ORDER BY modified_on DESC NULLS LAST, id DESC
         LIMIT 1) AS newest
 WHERE older.key = $1
   AND older.id <> newest.id
   AND (older.modified_on <= newest.modified_on OR older.modified_on IS NULL)
