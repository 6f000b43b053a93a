-- The build of an index has no time limit.
SET statement_timeout = 0
