-- index_above and index_part are replaced by the names of the indexes, quoted as SQL.
ALTER INDEX index_above ATTACH PARTITION index_part
