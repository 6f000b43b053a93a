-- The transaction that has the migrator's lock takes as long as the builds. Servers before PostgreSQL 17 have
-- no such limit.
SELECT set_config(name, '0', true)
  FROM pg_settings
 WHERE name = 'transaction_timeout'
