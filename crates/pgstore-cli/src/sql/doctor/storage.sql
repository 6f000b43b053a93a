-- Settings of the table that make it grow, or empty it after a crash.
WITH tab AS (
    SELECT c.oid::regclass AS name, c.relpersistence, setting.fillfactor, setting.vacuum, setting.scale
      FROM pg_catalog.pg_class AS c
     CROSS JOIN LATERAL (
         SELECT max(option_value) FILTER (WHERE option_name = 'fillfactor')::integer AS fillfactor,
                bool_or(option_value::boolean) FILTER (WHERE option_name = 'autovacuum_enabled') AS vacuum,
                max(option_value) FILTER (WHERE option_name = 'autovacuum_vacuum_scale_factor')::float8
                    AS scale
           FROM pg_catalog.pg_options_to_table(c.reloptions)) AS setting
     WHERE c.oid = pg_catalog.to_regclass('http_sessions')
       AND c.relkind = 'r'
)
SELECT format('the pages of %s are filled up: saves are not HOT, and each writes all indexes', name),
       format('ALTER TABLE %s SET (fillfactor = 80)', name)
  FROM tab
 WHERE coalesce(fillfactor, 100) > 95
UNION ALL
SELECT format('%s is never vacuumed (autovacuum_enabled): dead rows stay, and it grows with each save', name),
       format('ALTER TABLE %s RESET (autovacuum_enabled)', name)
  FROM tab
 WHERE vacuum IS FALSE
UNION ALL
SELECT format('%s is vacuumed at %s %% of dead rows: much space is never used again', name,
              (100 * coalesce(scale, pg_catalog.current_setting('autovacuum_vacuum_scale_factor')::float8))::numeric),
       format('ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.02)', name)
  FROM tab
 WHERE coalesce(scale, pg_catalog.current_setting('autovacuum_vacuum_scale_factor')::float8) > 0.1
UNION ALL
SELECT format('%s is unlogged: a crash of the server ends all sessions, and standbys have none', name),
       format('ALTER TABLE %s SET LOGGED', name)
  FROM tab
 WHERE relpersistence = 'u'
