-- Rows whose expiry says something else than it seems to: at most 100,000 of each are counted.
SELECT format('%s rows expire long before they were last saved ("epoch", say): that does not end a session; '
              'it reads as one that lasts until the browser closes, and sweeps keep it', count(*)),
       format('to end these sessions: DELETE FROM %s WHERE expires_on < modified_on - interval ''1 hour''',
              pg_catalog.to_regclass('http_sessions'))
  FROM (SELECT
          FROM http_sessions
         WHERE expires_on < pg_catalog.now()
           AND expires_on < modified_on - interval '1 hour'
         LIMIT 100000) AS early
HAVING count(*) > 0
UNION ALL
SELECT format('%s rows have no expiry: they load as errors, and sweeps keep them', count(*)),
       format('DELETE FROM %s WHERE expires_on IS NULL', pg_catalog.to_regclass('http_sessions'))
  FROM (SELECT FROM http_sessions WHERE expires_on IS NULL LIMIT 100000) AS endless
HAVING count(*) > 0
