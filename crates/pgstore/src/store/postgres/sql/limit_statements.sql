-- So that a probe ends, even if its caller has gone.
SET LOCAL statement_timeout = '2s'
