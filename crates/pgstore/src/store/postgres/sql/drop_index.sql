-- The index's name, quoted as SQL, is put in.
DROP INDEX CONCURRENTLY IF EXISTS unfinished_index
