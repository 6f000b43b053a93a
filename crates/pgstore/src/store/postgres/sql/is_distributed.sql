-- Whether the server has Citus, which distributes tables.
SELECT pg_catalog.to_regclass('pg_dist_partition') IS NOT NULL
