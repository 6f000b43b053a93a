-- All rows of the key ($1), as Go does: whichever of several a peer picks holds this data.
UPDATE http_sessions
   SET data = $2, modified_on = $3, expires_on = $4
 WHERE key = $1
