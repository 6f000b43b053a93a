-- Foreign keys of other tables that forbid the removal of sessions, or that have no index.
SELECT format('%s refers to sessions (%s): logouts and sweeps of sessions that it refers to fail',
              f.conrelid::regclass, f.conname),
       format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %s ON DELETE CASCADE',
              f.conrelid::regclass, f.conname,
              replace(pg_catalog.pg_get_constraintdef(f.oid), ' ON DELETE RESTRICT', ''))
  FROM pg_catalog.pg_constraint AS f
 WHERE f.contype = 'f'
   AND f.confrelid = pg_catalog.to_regclass('http_sessions')
   AND f.confdeltype IN ('a', 'r')
UNION ALL
SELECT format('%s refers to sessions by %I, which has no index: each logout reads that whole table',
              f.conrelid::regclass, a.attname),
       format('CREATE INDEX CONCURRENTLY ON %s (%I)', f.conrelid::regclass, a.attname)
  FROM pg_catalog.pg_constraint AS f
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
 WHERE f.contype = 'f'
   AND f.confrelid = pg_catalog.to_regclass('http_sessions')
   AND NOT EXISTS (
       SELECT
         FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = f.conrelid AND i.indkey[0] = f.conkey[1] AND i.indisvalid)
