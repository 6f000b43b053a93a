-- How many pages the table has, its partitions included.
SELECT coalesce(sum(pg_relation_size(relid)), 0)::bigint / pg_catalog.current_setting('block_size')::bigint
  FROM (SELECT pg_catalog.to_regclass('http_sessions')::oid AS relid
         UNION
        SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass('http_sessions'))) AS part
