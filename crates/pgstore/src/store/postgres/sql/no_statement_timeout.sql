-- Building an index may take its time.
SET statement_timeout = 0
