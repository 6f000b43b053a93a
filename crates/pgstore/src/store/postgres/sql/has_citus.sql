-- Whether the database has Citus, which distributes tables over several servers.
SELECT pg_catalog.to_regclass('pg_dist_partition') IS NOT NULL
