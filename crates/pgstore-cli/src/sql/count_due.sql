-- How many rows a sweep would remove. $1: expired before, $2: idle since before, as in the library's
-- sweep.
SELECT count(*)
  FROM http_sessions
 WHERE expires_on < $1
   AND ((expires_on <= modified_on) IS NOT TRUE OR modified_on < $2)
