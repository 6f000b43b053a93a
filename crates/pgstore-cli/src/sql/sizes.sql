-- How much space the table and its partitions take, and what the server has counted of their updates
-- and dead rows. No row if there is no such table.
WITH part AS (
    SELECT pg_catalog.to_regclass('http_sessions')::oid AS relid
     UNION
    SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass('http_sessions'))
)
SELECT coalesce(sum(pg_relation_size(c.oid)), 0)::bigint AS heap,
       coalesce(sum(pg_table_size(c.oid)) - sum(pg_relation_size(c.oid)), 0)::bigint AS beside,
       coalesce(sum(pg_indexes_size(c.oid)), 0)::bigint AS indexes,
       coalesce(pg_total_relation_size(pg_catalog.to_regclass('http_sessions_ids')), 0)::bigint AS earlier_ids,
       pg_catalog.current_setting('block_size')::bigint AS page,
       coalesce(sum(counted.n_tup_upd), 0)::bigint AS updates,
       coalesce(sum(counted.n_tup_hot_upd), 0)::bigint AS hot_updates,
       coalesce(sum(counted.n_live_tup), 0)::bigint AS live_rows,
       coalesce(sum(counted.n_dead_tup), 0)::bigint AS dead_rows,
       extract(epoch FROM max(greatest(counted.last_vacuum, counted.last_autovacuum)))::bigint AS vacuumed
  FROM part
  JOIN pg_catalog.pg_class AS c ON c.oid = part.relid
  LEFT JOIN pg_catalog.pg_stat_all_tables AS counted ON counted.relid = c.oid
HAVING count(*) > 0
