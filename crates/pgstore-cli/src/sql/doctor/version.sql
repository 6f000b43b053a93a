-- Whether the server is older than this library is tested with.
SELECT format('the server is PostgreSQL %s, and the oldest that is tested is 14',
              pg_catalog.current_setting('server_version')),
       'upgrade the server'
 WHERE pg_catalog.current_setting('server_version_num')::integer < 140000
