-- How much of the index build on the table $1 is done, in hundredths. A transaction sees one state of
-- the statistics, which is thrown away first.
SELECT (100 * sum(blocks_done + tuples_done)
        / nullif(sum(blocks_total + tuples_total), 0))::bigint AS percent
  FROM pg_catalog.pg_stat_clear_snapshot() AS now,
       pg_catalog.pg_stat_progress_create_index
 WHERE relid = pg_catalog.to_regclass($1)
