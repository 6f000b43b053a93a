-- Where Citus is: the settings of this session that a distributed table depends on; no row if the table
-- $1 is not distributed by a hash of one of its columns.
SELECT current_setting('DateStyle'), current_setting('plan_cache_mode')
  FROM pg_dist_partition
 WHERE logicalrelid = pg_catalog.to_regclass($1)
   AND partmethod = 'h'
