-- Who has sessions, the last used first.
SELECT owner
FROM http_sessions
WHERE owner IS NOT NULL
GROUP BY owner
ORDER BY max(modified_on) DESC
LIMIT 50
