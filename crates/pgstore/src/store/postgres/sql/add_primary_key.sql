-- Citus makes sure that rows are unique on one server only, so the primary key has the column by which
-- rows are distributed.
ALTER TABLE http_sessions ADD PRIMARY KEY (key, id)
