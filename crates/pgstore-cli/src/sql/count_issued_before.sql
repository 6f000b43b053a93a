-- How many sessions were begun before $1, or nobody knows when, at most $2.
SELECT count(*)
  FROM (SELECT FROM http_sessions WHERE (created_on < $1) IS NOT FALSE LIMIT $2) AS before
