-- Rows that were written last by somebody who does not know our columns: from after the number $1
-- on, $2 at most. No index has them (one would have to change with every save), so this reads the
-- table in the order of its primary key: 100 000 rows take about TODO ms.
SELECT data, created_on, modified_on, expires_on,
       CASE WHEN saved_on = modified_on THEN mark END AS mark, max_age, owner, label, handle, key, id
  FROM http_sessions
 WHERE id > $1
   AND saved_on IS DISTINCT FROM modified_on
 ORDER BY id
 LIMIT $2
