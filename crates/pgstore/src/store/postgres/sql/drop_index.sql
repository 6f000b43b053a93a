-- unfinished_index is replaced by the index's name, quoted as SQL.
DROP INDEX CONCURRENTLY IF EXISTS unfinished_index
