-- Indexes whose build failed. They cost each write, and no read uses them.
SELECT format('the index %s is invalid: its build failed or is under way', i.indexrelid::regclass),
       format('unless it is being built: DROP INDEX CONCURRENTLY %s, and then pgstore migrate',
              i.indexrelid::regclass)
  FROM pg_catalog.pg_index AS i
 WHERE i.indrelid IN (pg_catalog.to_regclass('http_sessions'), pg_catalog.to_regclass('http_sessions_ids'))
   AND NOT i.indisvalid
 ORDER BY i.indexrelid::regclass::text
