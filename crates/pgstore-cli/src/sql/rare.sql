-- What a sample would miss, at most $1 of each, read from indexes: rows with expires_on = 'epoch' and
-- without one, and earlier IDs.
SELECT (SELECT count(*)
          FROM (SELECT FROM http_sessions WHERE expires_on = 'epoch' LIMIT $1) AS epoch) AS epoch,
       (SELECT count(*)
          FROM (SELECT FROM http_sessions WHERE expires_on IS NULL LIMIT $1) AS endless) AS endless,
       (SELECT count(*) FROM (SELECT FROM http_sessions_ids LIMIT $1) AS ids) AS earlier_ids
