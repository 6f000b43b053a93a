-- Where Citus is: by which column the table $1 is distributed. NULL: Citus knows it, and does not
-- distribute it (a reference table, say). No row: Citus does not know it.
SELECT CASE partmethod WHEN 'h' THEN column_to_column_name(logicalrelid, partkey) END
  FROM pg_dist_partition
 WHERE logicalrelid = pg_catalog.to_regclass($1)
