-- Whether nobody sweeps: one of the first 10,000 rows by expiry has been expired for more than an hour.
SELECT format('nobody sweeps: a session expired at %s, and its row is still there',
              date_trunc('second', min(expires_on))),
       'start the sweeper in the application (start_sweeping), or run `pgstore sweep` every few minutes'
  FROM (SELECT expires_on, modified_on
          FROM http_sessions
         WHERE expires_on < pg_catalog.now() - interval '1 hour'
         ORDER BY expires_on
         LIMIT 10000) AS early
 WHERE (expires_on <= modified_on) IS NOT TRUE
HAVING count(*) > 0
