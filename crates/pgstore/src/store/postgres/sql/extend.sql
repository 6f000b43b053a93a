-- Lets an opaque session ($1) end at another time ($3), unless it has expired at $2. Its data is not
-- written.
UPDATE http_sessions
   SET modified_on = $2, saved_on = $2, expires_on = $3, saved_expires_on = $3, max_age = $4
 WHERE key = $1
   AND expires_on > $2
