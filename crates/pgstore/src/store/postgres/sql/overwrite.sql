-- Replaces an opaque session's row ($1), whatever its version, unless it has expired. The row keeps its
-- beginning, handle and label.
-- A statement that waited for another writer looks at that writer's row: one that was deleted stays so.
UPDATE http_sessions
   SET data = $2, created_on = LEAST(created_on, $3), modified_on = $4, expires_on = $5,
       save_token = $6, saved_on = $7, max_age = $8, owner = $9,
       label = COALESCE(label, $10), handle = COALESCE(handle, $11),
       saved_expires_on = CASE WHEN $7::timestamptz IS NOT NULL THEN $5::timestamptz END
 WHERE key = $1
   AND expires_on > $4
