-- A row if the key ($1) is an ID that a session had before. earlier_ids.sql says more; where the table is
-- distributed, it asks all workers, and this asks one.
SELECT until
  FROM http_sessions_ids
 WHERE key = $1
